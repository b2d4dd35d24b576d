import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '../helpers/database.ts'
import { Pipeline, queryRows } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

/** Captures of real exporters, which are beside the repository and no part of it. */
const CAPTURES = fileURLToPath(new URL('../../../../shared/captures/', import.meta.url))

const ROWS = `
  select host(exporter) as exporter, export_version as version, observation_domain::float8 as domain,
    host(src_addr) as src_addr, host(dst_addr) as dst_addr, host(next_hop) as next_hop,
    src_port, dst_port, protocol, tos, tcp_flags, packets::text, bytes::text,
    input_if::float8, output_if::float8, src_as::float8, dst_as::float8, src_mask, dst_mask,
    direction, src_vlan as vlan,
    (extract(epoch from flow_start) * 1000)::float8 as flow_start_ms,
    (extract(epoch from flow_end) * 1000)::float8 as flow_end_ms
  from flows`

/** The log text of each problem that a case expects. */
const REPORTS: Readonly<Record<string, RegExp>> = {
  'unsupported-version': /no NetFlow version/,
  'count-exceeds-length': /more records than it has room for/,
  'malformed-message': /malformed IPFIX message/,
  'no-template': /held a data set/,
  'set-overruns-datagram': /longer than its message/,
  'empty-template': /template without fields/,
  'zero-length-template': /records have no length/,
  'options-template-without-options': /options template has no options/,
}

interface CaseMeta {
  readonly must_report?: readonly { readonly code: string }[]
}

function readMeta(name: string): CaseMeta {
  return JSON.parse(readFileSync(join(CAPTURES, name, 'meta.json'), 'utf8')) as CaseMeta
}

function listCases(): string[] {
  return readdirSync(CAPTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
}

function whySkipped(): string | false {
  if (!existsSync(CAPTURES)) return `no captures in ${CAPTURES}`
  const python = spawnSync('python3', ['--version'])
  return python.status === 0 ? false : 'python3, which compares the rows, is not installed'
}

/** Feeds a case to a writer with a fresh database; returns the rows and the log. */
async function runCase(name: string) {
  const lines = readFileSync(join(CAPTURES, name, 'datagrams.jsonl'))
  const database = await createTestDatabase()
  const environment = { FLUSH_INTERVAL_MS: '50', RETENTION_DAYS: '0', LOG_LEVEL: 'info' }
  const pipeline = new Pipeline({ databaseUrl: database.url, environment })
  try {
    await pipeline.startWriter()
    appendFileSync(pipeline.pipePath, lines)
    await until('everything is stored', async () => {
      const rows = await queryRows(database.url, 'select position from journal_positions')
      return Number(rows[0]?.['position']) === lines.length
    })
    const rows = await queryRows(database.url, ROWS)
    return { rows, log: pipeline.logOf('writer'), folder: pipeline.folder, pipeline, database }
  } catch (error) {
    await pipeline.stop()
    await database.drop()
    throw error
  }
}

const skip = whySkipped()
describe('captures of real exporters', { skip, concurrency: 2 }, () => {
  if (skip) return
  for (const name of listCases()) {
    it(`${name} becomes the expected rows`, async () => {
      const { rows, log, folder, pipeline, database } = await runCase(name)
      try {
        const path = join(folder, 'rows.jsonl')
        writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
        const compare = join(CAPTURES, 'compare.py')
        const result = spawnSync('python3', [compare, '--case', join(CAPTURES, name), path], {
          encoding: 'utf8',
        })
        assert.equal(result.status, 0, `${result.stdout}${result.stderr}`)
        const messages = log.map(({ msg }) => String(msg)).join('\n')
        for (const { code } of readMeta(name).must_report ?? []) {
          const report = REPORTS[code]
          assert.ok(report, `no report is known for ${code}`)
          assert.match(messages, report)
        }
      } finally {
        await pipeline.stop()
        await database.drop()
      }
    })
  }
})
