/**
 * Every query that the documents, the greeting and the demo show runs against a database with the
 * largest counters and rates that an exporter can send. One such row must end no query.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { findTopTalkers, listGaps, sumByExporter, sumByProtocol } from '../launcher/demo/queries.ts'
import { EXAMPLE_QUERIES } from '../launcher/greeting.ts'
import { codeBlocks, documentPaths, readDocument } from './helpers/markdown.ts'
import { oneRecordMessage } from './helpers/netflow-bytes.ts'
import { type Pipeline, preparePipeline, QUICK } from './helpers/pipeline.ts'

/** Documents with SQL, at least. */
const DOCUMENTS = [
  'README.md',
  'migrations/TABLES.md',
  'migrations/answers/README.md',
  'writer/OPERATING.md',
]

const LARGEST_RATE = 2n ** 32n - 1n

/** A flow whose counters have this value; 34 is a sampling rate of 1000. */
function largeFlow(counter: bigint): Buffer {
  const hex = counter.toString(16).padStart(16, '0')
  return oneRecordMessage([
    [8, 'c0000201'],
    [12, 'c0000202'],
    [4, '06'],
    [1, hex],
    [2, hex],
    [34, '000003e8'],
  ])
}

/** Returns the statements, but those for an administrator of a server or a cluster. */
function statementsOf(document: string): string[] {
  return codeBlocks(document, 'sql')
    .filter((block) => !/create (role|database)|citus_/.test(block))
    .flatMap((block) => block.replace(/--.*$/gm, '').split(';'))
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

/** Returns the statements of sessions with psql, whose lines begin with its prompt. */
function sessionsOf(document: string): string[] {
  const statements = document.match(/^\w+=> .*(?:\n\w+-> .*)*/gm) ?? []
  return statements.map((statement) => statement.replace(/^\w+[=-]> /gm, '').replace(/;$/, ''))
}

describe('after a flow with the largest counters and rate, every query runs', () => {
  let pipeline: Pipeline
  let client: pg.Client
  before(async () => {
    pipeline = await preparePipeline({ environment: QUICK })
    await pipeline.ask(
      `insert into exporters (address, first_seen, last_seen, sampling_override)
       values ('192.0.2.2', now(), now(), $1)`,
      [LARGEST_RATE],
    )
    await pipeline.startWriter()
    pipeline.feed('192.0.2.1', largeFlow(2n ** 62n))
    pipeline.feed('192.0.2.2', largeFlow(2n ** 63n - 1n))
    await pipeline.expectRows('select bytes, packets, sampling_rate from flows order by bytes', [
      { bytes: String(2n ** 62n), packets: String(2n ** 62n), sampling_rate: '1000' },
      {
        bytes: String(2n ** 63n - 1n),
        packets: String(2n ** 63n - 1n),
        sampling_rate: String(LARGEST_RATE),
      },
    ])
    client = new pg.Client({ connectionString: pipeline.databaseUrl })
    await client.connect()
  })
  after(async () => {
    await client?.end()
    await pipeline?.stop()
  })

  /** Runs a statement and takes its changes back. */
  async function tryStatement(statement: string): Promise<void> {
    await client.query('begin')
    const failure = await client.query(statement).catch((error: unknown) => String(error))
    await client.query('rollback')
    if (typeof failure === 'string') assert.fail(`${statement}\n${failure}`)
  }

  for (const path of documentPaths()) {
    const document = readDocument(path)
    const statements = [...statementsOf(document), ...sessionsOf(document)]
    if (statements.length === 0 && !DOCUMENTS.includes(path)) continue
    it(`of ${path}`, async () => {
      assert.ok(statements.length > 0, `${path} has no statements`)
      for (const statement of statements) await tryStatement(statement)
    })
  }

  it('of the greeting, and the sums are exact', async () => {
    for (const { query } of EXAMPLE_QUERIES) await tryStatement(query)
    const sum = String(2n ** 62n * 1000n + (2n ** 63n - 1n) * LARGEST_RATE)
    const [talkers, minutes] = EXAMPLE_QUERIES
    const { rows: top } = await client.query(talkers.query)
    assert.deepEqual(
      top.map(({ key, bytes, flows }) => ({ key, bytes, flows })),
      [
        { key: '192.0.2.1', bytes: sum, flows: '2' },
        { key: 'other', bytes: '0', flows: '0' },
      ],
    )
    const { rows } = await client.query<{ bytes: string; packets: string }>(minutes.query)
    assert.equal(rows.reduce((total, { bytes }) => total + BigInt(bytes), 0n).toString(), sum)
    assert.equal(rows.reduce((total, row) => total + BigInt(row.packets), 0n).toString(), sum)
  })

  it('of the demo', async () => {
    const run = { startedAtMs: 0, streams: [{ exportVersion: 9, observationDomain: 7 }] }
    const [top] = await findTopTalkers(client, run)
    assert.ok(top !== undefined && top.bytes > 2 ** 94, `${top?.bytes} bytes`)
    assert.equal((await sumByProtocol(client, run)).length, 1)
    assert.equal((await sumByExporter(client, run)).length, 2)
    assert.deepEqual(await listGaps(client, run), [])
  })

  it('of every view', async () => {
    const { rows } = await client.query<{ name: string }>(
      "select viewname as name from pg_views where schemaname = 'public'",
    )
    assert.ok(rows.length > 3, `${rows.length} views`)
    for (const { name } of rows) await tryStatement(`select * from ${name}`)
  })
})
