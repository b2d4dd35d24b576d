/** The writer on a journal that is damaged or cut, or older than its database. */

import assert from 'node:assert/strict'
import { appendFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import type { FlowSender } from '../helpers/flow-sender.ts'
import { findFreePort } from '../helpers/free-port.ts'
import { readMetric } from '../helpers/metrics-reader.ts'
import { type Pipeline, type PipelineOptions, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { FLOWS, readSegments, sendAndStore, settle, untilJournaled, V5 } from './flow-account.ts'

const BLOCK = 4_096
const SUM_BYTES = 4
const NO_SEGMENT = { name: '', bytes: Buffer.alloc(0) }

describe('a journal', () => {
  let pipeline: Pipeline
  let sender: FlowSender
  afterEach(() => pipeline.stop())

  async function start(options: PipelineOptions = {}): Promise<void> {
    pipeline = await startPipeline({ environment: QUICK, ownServer: true, ...options })
    sender = pipeline.makeSender(V5)
  }

  /**
   * Leaves a killed writer, a database that is away, and datagrams in the journal. The blocks of its
   * first segment up to `summedBlock` have a checksum on disk.
   */
  async function leaveUnloaded(datagrams: number, summedBlock = -1): Promise<void> {
    await sendAndStore(pipeline, sender, 50)
    await pipeline.server.stop('fast')
    await sender.send(datagrams, 500)
    await untilJournaled(pipeline, 50 + datagrams)
    const sums = join(pipeline.journalPath, '0000000000000000.crc')
    await until('the checksums are written', () => statSync(sums).size > summedBlock * SUM_BYTES)
    await pipeline.end('writer', 'SIGKILL')
  }

  async function comeBack(): Promise<void> {
    await pipeline.server.restart()
    await pipeline.startWriter()
  }

  it('with flipped bits loses only the lines of the bad blocks, and logs these blocks', async () => {
    await start()
    await leaveUnloaded(300, 80)
    const { name, bytes } = readSegments(pipeline)[0] ?? NO_SEGMENT
    const blocks = [60, 61, 80]
    const lines = countLines(bytes)
    for (const block of blocks) {
      const at = block * BLOCK + 1_000
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0x04, at)
    }
    writeFileSync(join(pipeline.journalPath, name), bytes)
    const missing = lines - countLines(withoutBlocks(bytes, blocks))
    await comeBack()
    const account = await settle(pipeline, sender)
    assert.ok(missing > 3)
    assert.equal(account.rows, (account.received - missing) * FLOWS)
    assert.equal(account.distinct, account.rows)
    assert.equal(account.lost, missing * FLOWS)
    assert.equal(account.lostInPipe, missing)
    assert.equal(account.differences, 0)
    const told = pipeline.findLines(/^bytes of the journal are damaged/)
    assert.deepEqual(
      told.map(({ from, to }) => [from, to]),
      blocks.map((block) => [block * BLOCK, (block + 1) * BLOCK]),
    )
    const [row] = await pipeline.ask('select lost_bytes::int from journal_positions')
    assert.deepEqual(row, { lost_bytes: blocks.length * BLOCK })
  })

  it('with flipped bits counts them in the metrics', async () => {
    const port = await findFreePort()
    await start({ writerEnvironment: { METRICS_PORT: String(port) } })
    await leaveUnloaded(100, 30)
    const { name, bytes } = readSegments(pipeline)[0] ?? NO_SEGMENT
    bytes.fill(0, 30 * BLOCK, 31 * BLOCK)
    writeFileSync(join(pipeline.journalPath, name), bytes)
    await comeBack()
    await pipeline.waitForLine(/^bytes of the journal are damaged/)
    assert.deepEqual(await readMetric(port, 'netflow_writer_journal_lost_bytes_total', 'kind'), {
      corrupt: BLOCK,
    })
  })

  it('whose end is torn loses the line that is cut, and none that follows', async () => {
    await start()
    await leaveUnloaded(100)
    const { name, bytes } = readSegments(pipeline).at(-1) ?? NO_SEGMENT
    truncateSync(join(pipeline.journalPath, name), bytes.length - 100)
    await sender.send(20, 500)
    await comeBack()
    const account = await settle(pipeline, sender)
    assert.equal(account.rows, (account.received - 1) * FLOWS)
    assert.equal(account.distinct, account.rows)
    assert.equal(account.lost, FLOWS)
    assert.equal(account.lostInPipe, 0)
    assert.equal(account.differences, 0)
    const [row] = await pipeline.ask('select malformed_lines::int from journal_positions')
    assert.deepEqual(row, { malformed_lines: 1 })
  })

  it('goes on where an older state of the database ends, and loads the rest again', async () => {
    await start()
    await sendAndStore(pipeline, sender, 100)
    assert.equal(await pipeline.end('writer'), 0)
    await pipeline.ask('create schema older')
    const tables = await pipeline.ask(
      `select relname as name from pg_class
       where relkind = 'r' and relnamespace = 'public'::regnamespace and not relispartition
         and relname <> 'netflow_migrations'`,
    )
    const names = [...tables.map(({ name }) => String(name)), 'flows']
    for (const name of names) await pipeline.ask(`create table older.${name} as table ${name}`)
    await pipeline.startWriter()
    await sendAndStore(pipeline, sender, 200)
    assert.equal(await pipeline.end('writer'), 0)
    await restoreOlder(pipeline, names)
    await pipeline.startWriter()
    const account = await settle(pipeline, sender)
    // All of it is still in the last segment of the journal.
    assert.equal(account.rows, account.received * FLOWS)
    assert.equal(account.distinct, account.rows)
    assert.equal(account.lost, 0)
    assert.equal(account.differences, 0)
  })

  it('reads past empty lines', async () => {
    await start()
    await sendAndStore(pipeline, sender, 20)
    assert.equal(await pipeline.end('collector'), 0)
    const empty = Buffer.alloc(60_000, '\n')
    for (let round = 0; round < 5; round++) appendFileSync(pipeline.pipePath, empty)
    const isLoaded = async () => {
      const [row] = await pipeline.ask('select position::int from journal_positions')
      const end = readSegments(pipeline).reduce((sum, { bytes }) => sum + bytes.length, 0)
      return end > 300_000 && row?.['position'] === end
    }
    await until('the position has passed them', isLoaded)
  })
})

/** Counts the whole lines of datagrams. */
function countLines(bytes: Buffer): number {
  const lines = bytes.toString('latin1').split('\n')
  return lines.filter((line) => /^\["[^"\0]*", [\d.]+, \["[\d.]+", \d+\]\]$/.test(line)).length
}

/** Fills blocks with zeros, which no line holds. */
function withoutBlocks(bytes: Buffer, blocks: readonly number[]): Buffer {
  const copy = Buffer.from(bytes)
  for (const block of blocks) copy.fill(0, block * BLOCK, (block + 1) * BLOCK)
  return copy
}

async function restoreOlder(pipeline: Pipeline, names: readonly string[]): Promise<void> {
  const inserts = names.map((name) => {
    return `delete from public.${name}; insert into public.${name} overriding system value
      select * from older.${name};`
  })
  await pipeline.ask(
    `begin; set local session_replication_role = replica; ${inserts.join('')} commit`,
  )
}
