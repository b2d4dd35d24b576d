/** What the writer makes of a journal that is damaged, cut, or does not belong to its database. */

import assert from 'node:assert/strict'
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createTestDatabase } from '../helpers/database.ts'
import { Pipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { freePort, readMetric } from './balance-harness.ts'
import { FLOWS, JournalHarness } from './journal-harness.ts'

const BLOCK = 4_096

describe('a journal', () => {
  let harness: JournalHarness
  let port: number
  beforeEach(async () => {
    port = await freePort()
    harness = await JournalHarness.start({ writerEnvironment: { METRICS_PORT: String(port) } })
  })
  afterEach(() => harness.stop())

  /** Leaves a killed writer, a database that is away, and so many datagrams in the journal. */
  async function leaveUnloaded(datagrams: number): Promise<void> {
    await harness.sendAndStore(50)
    await harness.server.stop('fast')
    await harness.sender.send(datagrams, 500)
    await harness.untilJournaled(50 + datagrams)
    await harness.pipeline.end('writer', 'SIGKILL')
  }

  async function comeBack(): Promise<void> {
    await harness.server.restart()
    await harness.pipeline.startWriter()
  }

  it('with flipped bits gives all lines but those of the bad blocks, which are told', async () => {
    await leaveUnloaded(300)
    const { name, bytes } = harness.readSegments()[0] ?? { name: '', bytes: Buffer.alloc(0) }
    const blocks = [60, 61, 80]
    const lines = countLines(bytes)
    for (const block of blocks) {
      const at = block * BLOCK + 1_000
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0x04, at)
    }
    writeFileSync(join(harness.pipeline.journalPath, name), bytes)
    const missing = lines - countLines(withoutBlocks(bytes, blocks))
    await comeBack()
    const account = await harness.settle()
    assert.ok(missing > 3)
    assert.equal(account.rows, (account.received - missing) * FLOWS)
    assert.equal(account.distinct, account.rows)
    assert.equal(account.lost, missing * FLOWS)
    assert.equal(account.lostInPipe, missing)
    assert.equal(account.differences, 0)
    const told = harness.findLines(/^bytes of the journal are damaged/)
    assert.deepEqual(
      told.map(({ from, to }) => [from, to]),
      blocks.map((block) => [block * BLOCK, (block + 1) * BLOCK]),
    )
    const [row] = await harness.ask('select lost_bytes::int from journal_positions')
    assert.deepEqual(row, { lost_bytes: blocks.length * BLOCK })
  })

  it('with flipped bits counts them in the metrics', async () => {
    await leaveUnloaded(100)
    const { name, bytes } = harness.readSegments()[0] ?? { name: '', bytes: Buffer.alloc(0) }
    bytes.fill(0, 30 * BLOCK, 31 * BLOCK)
    writeFileSync(join(harness.pipeline.journalPath, name), bytes)
    await comeBack()
    await harness.waitForLine(/^bytes of the journal are damaged/)
    assert.deepEqual(await readMetric(port, 'netflow_writer_journal_lost_bytes_total', 'kind'), {
      corrupt: BLOCK,
    })
  })

  it('whose end is torn loses the line that is cut, and none that follows', async () => {
    await leaveUnloaded(100)
    const { name, bytes } = harness.readSegments().at(-1) ?? { name: '', bytes: Buffer.alloc(0) }
    truncateSync(join(harness.pipeline.journalPath, name), bytes.length - 100)
    await harness.sender.send(20, 500)
    await comeBack()
    const account = await harness.settle()
    assert.equal(account.rows, (account.received - 1) * FLOWS)
    assert.equal(account.distinct, account.rows)
    assert.equal(account.lost, FLOWS)
    assert.equal(account.lostInPipe, 0)
    assert.equal(account.differences, 0)
    const [row] = await harness.ask('select malformed_lines::int from journal_positions')
    assert.deepEqual(row, { malformed_lines: 1 })
  })

  it('of another database is refused, and not touched', async () => {
    await harness.sendAndStore(50)
    assert.equal(await harness.pipeline.end('writer'), 0)
    const before = harness.readSegments()
    const other = await createTestDatabase()
    const { pipePath, journalPath } = harness.pipeline
    const environment = { NAMED_PIPE_FILENAME: pipePath, JOURNAL_DIR: journalPath }
    const stranger = new Pipeline({ databaseUrl: other.url, environment })
    try {
      await assert.rejects(stranger.startWriter(), /ended with 1/)
      const fatal = stranger.logOf('writer').find(({ level }) => level === 60)
      assert.match(String(fatal?.['msg']), /belongs to another database .*JOURNAL_DIR away/)
    } finally {
      await stranger.stop()
      await other.drop()
    }
    const after = harness.readSegments()
    for (const [index, { bytes }] of before.entries()) {
      assert.ok(after[index]?.bytes.subarray(0, bytes.length).equals(bytes))
    }
    await harness.pipeline.startWriter()
    await harness.sendAndStore(10)
  })

  it('goes on where an older state of the database ends, and tells what is missing', async () => {
    await harness.sendAndStore(100)
    assert.equal(await harness.pipeline.end('writer'), 0)
    await harness.ask('create schema older')
    const tables = await harness.ask(
      `select relname as name from pg_class
       where relkind = 'r' and relnamespace = 'public'::regnamespace and not relispartition
         and relname <> 'pgmigrations'`,
    )
    const names = [...tables.map(({ name }) => String(name)), 'flows']
    for (const name of names) await harness.ask(`create table older.${name} as table ${name}`)
    await harness.pipeline.startWriter()
    await harness.sendAndStore(200)
    assert.equal(await harness.pipeline.end('writer'), 0)
    await restoreOlder(harness, names)
    await harness.pipeline.startWriter()
    const account = await harness.settle()
    // All of it is still in the last segment of the journal.
    assert.equal(account.rows, account.received * FLOWS)
    assert.equal(account.distinct, account.rows)
    assert.equal(account.lost, 0)
    assert.equal(account.differences, 0)
  })

  it('takes bytes that are no lines, and lets them go', async () => {
    await harness.sendAndStore(20)
    assert.equal(await harness.pipeline.end('collector'), 0)
    const empty = Buffer.alloc(60_000, '\n')
    for (let round = 0; round < 5; round++) appendFileSync(harness.pipeline.pipePath, empty)
    const isLoaded = async () => {
      const [row] = await harness.ask('select position::int from journal_positions')
      const end = harness.readSegments().reduce((sum, { bytes }) => sum + bytes.length, 0)
      return end > 300_000 && row?.['position'] === end
    }

    await until('the position has passed them', isLoaded)
  })
})

/** Counts the datagrams of which a whole line is there. */
function countLines(bytes: Buffer): number {
  const lines = bytes.toString('latin1').split('\n')
  return lines.filter((line) => /^\["[^"\0]*", [\d.]+, \["[\d.]+", \d+\]\]$/.test(line)).length
}

/** Puts what no line holds where blocks are. */
function withoutBlocks(bytes: Buffer, blocks: readonly number[]): Buffer {
  const copy = Buffer.from(bytes)
  for (const block of blocks) copy.fill(0, block * BLOCK, (block + 1) * BLOCK)
  return copy
}

async function restoreOlder(harness: JournalHarness, names: readonly string[]): Promise<void> {
  const inserts = names.map((name) => {
    return `delete from public.${name}; insert into public.${name} overriding system value
      select * from older.${name};`
  })
  await harness.ask(
    `begin; set local session_replication_role = replica; ${inserts.join('')} commit`,
  )
}
