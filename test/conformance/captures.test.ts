import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startWriterAlone } from '../helpers/pipeline.ts'

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

/** Feeds a case to a writer with a fresh database. */
async function feedCase(name: string) {
  const lines = readFileSync(join(CAPTURES, name, 'datagrams.jsonl'))
  const environment = { FLUSH_INTERVAL_MS: '50', RETENTION_DAYS: '0', LOG_LEVEL: 'info' }
  const pipeline = await startWriterAlone({ environment })
  appendFileSync(pipeline.pipePath, lines)
  return { pipeline, bytes: lines.length }
}

const skip = whySkipped()
describe('captures of real exporters', { skip, concurrency: 2 }, () => {
  if (skip) return
  for (const name of listCases()) {
    it(`${name} becomes the expected rows`, async () => {
      const { pipeline, bytes } = await feedCase(name)
      try {
        await pipeline.expectNumber('select position from journal_positions', bytes)
        const rows = await pipeline.ask(ROWS)
        const path = join(pipeline.folder, 'rows.jsonl')
        writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
        const compare = join(CAPTURES, 'compare.py')
        const result = spawnSync('python3', [compare, '--case', join(CAPTURES, name), path], {
          encoding: 'utf8',
        })
        assert.equal(result.status, 0, `${result.stdout}${result.stderr}`)
        const messages = pipeline
          .logOf('writer')
          .map(({ msg }) => String(msg))
          .join('\n')
        for (const { code } of readMeta(name).must_report ?? []) {
          const report = REPORTS[code]
          assert.ok(report, `no report is known for ${code}`)
          assert.match(messages, report)
        }
      } finally {
        await pipeline.stop()
      }
    })
  }
})
