import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../../helpers/pipeline.ts'
import { runLine } from './terminal-harness.ts'

const SINCE_MS = Date.parse('2026-11-28T11:00:00Z')
const DATAGRAMS = 80
const RECORDS = 3
const RANGE = '--since 2026-11-28T11:00:00Z --until 2026-11-28T13:00:00Z'

describe('netflow export', () => {
  let pipeline: Pipeline
  before(async () => {
    const environment = { ...QUICK, RETENTION_DAYS: '0', PARTITION_INTERVAL: 'hour' }
    pipeline = await startWriterAlone({ environment })
    const lines = Array.from({ length: DATAGRAMS }, (_, index) => {
      const now = SINCE_MS + index * 60_000
      const header = { now, uptimeMs: 60_000, sequence: index * RECORDS, domain: 0 }
      const flows = { first: index * RECORDS + 1, count: RECORDS, withTemplate: false }
      return encodeDatagramLine(encodeNumbered(5, header, flows), now, '192.0.2.1', 2055)
    })
    appendFileSync(pipeline.pipePath, lines.join(''))
    await pipeline.expectNumber('select count(*) from flows', DATAGRAMS * RECORDS)
  })
  after(() => pipeline.stop())

  const run = (line: string) => runLine(line, pipeline.databaseUrl)
  const files = (folder: string) => readdirSync(folder).sort()
  const read = (folder: string, file: string) =>
    gunzipSync(readFileSync(join(folder, file))).toString()
  const NAMES = [
    'flows-20261128T110000Z-20261128T120000Z',
    'flows-20261128T120000Z-20261128T130000Z',
  ]

  it('writes a file for each partition, and counts the flows', async () => {
    const folder = join(pipeline.folder, 'csv')
    const { code, stderr } = await run(`netflow export ${RANGE} --format csv --to ${folder}`)
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^netflow: 240 flows from .* in 2 of 2 files of /)
    assert.deepEqual(files(folder), [...NAMES.map((name) => `${name}.csv.gz`), 'manifest.json'])
    const lines = NAMES.flatMap((name) =>
      read(folder, `${name}.csv.gz`).trimEnd().split('\n').slice(1),
    )
    assert.equal(lines.length, DATAGRAMS * RECORDS)
    assert.match(lines[0] ?? '', /^2026-11-28T11:00:00Z,192\.0\.2\.1,/)
    const { parts } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
    assert.deepEqual(
      parts.map(({ flows }: { flows: number }) => flows),
      [180, 60],
    )
  })

  it('goes on where it was cut, and leaves the files that are written', async () => {
    const folder = join(pipeline.folder, 'jsonl')
    const line = `netflow export ${RANGE} --format jsonl --to ${folder} bytes < 200`
    assert.equal((await run(line)).code, 0)
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
    const [first, second] = NAMES.map((name) => join(folder, `${name}.jsonl.gz`))
    const written = statSync(first ?? '').mtimeMs
    const content = read(folder, `${NAMES[1]}.jsonl.gz`)
    rmSync(second ?? '')
    writeFileSync(`${second}.part`, 'cut')
    writeFileSync(
      join(folder, 'manifest.json'),
      JSON.stringify({ ...manifest, parts: [manifest.parts[0]] }),
    )
    const { code, stderr } = await run(line)
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^netflow: 199 flows/)
    assert.equal(statSync(first ?? '').mtimeMs, written)
    assert.equal(read(folder, `${NAMES[1]}.jsonl.gz`), content)
    assert.equal(JSON.parse(content.split('\n')[0] ?? '').src_addr, '192.0.2.1')
    assert.equal(files(folder).length, 3)
  })

  it('refuses a folder with another export, and a format that it does not know', async () => {
    const folder = join(pipeline.folder, 'csv')
    for (const [line, code, text] of [
      [
        `netflow export ${RANGE} --format jsonl --to ${folder}`,
        2,
        /holds another export: name another/,
      ],
      [
        `netflow export ${RANGE} --format xml --to ${folder}`,
        2,
        /"xml" is none of csv, jsonl, parquet/,
      ],
      [`netflow export --all ${RANGE} --to ${folder}`, 2, /--all excludes --since/],
      [`netflow export ${RANGE} --to ${folder}/manifest.json/x`, 1, /ENOTDIR/],
    ] as const) {
      const outcome = await run(line)
      assert.equal(outcome.code, code, outcome.stderr)
      assert.match(outcome.stderr, text)
    }
  })

  const isInstalled = existsSync('node_modules/@duckdb/node-api')
  it('says how to install what Parquet takes', {
    skip: isInstalled && 'it is installed',
  }, async () => {
    const { code, stderr } = await run(
      `netflow export --format parquet --to ${pipeline.folder}/parquet`,
    )
    assert.equal(code, 1)
    assert.match(stderr, /which is not installed: npm install --no-save @duckdb\/node-api/)
  })
})
