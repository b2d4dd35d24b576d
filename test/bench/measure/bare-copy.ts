/**
 * What the writer is compared with: the same rows, encoded before, by binary COPY over one connection
 * into an equal empty table with one partition.
 */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { RECEIVED_AT_MS } from '../traffic/line-file.ts'
import type { BenchDatabase } from './bench-database.ts'
import type { CopyImage } from './copy-image.ts'

const SLICE_BYTES = 256 * 1024
const DAY_MS = 86_400_000

export interface CopyRun {
  readonly rowsPerSecond: number
  /** CPU seconds of the server a million rows. */
  readonly serverCpu: number | undefined
}

/** Bounds of the partition that all rows of a benchmark are in, as SQL. */
export function partitionBounds(): string {
  const from = Math.floor(RECEIVED_AT_MS / DAY_MS) * DAY_MS
  const text = (ms: number) => `'${new Date(ms).toISOString()}'`
  return `for values from (${text(from)}) to (${text(from + DAY_MS)})`
}

/**
 * Copies rows into an empty table like `flows`, one transaction for each image. `flows` is emptied, as
 * its rows would take room in the server's buffers that a writer's run has for its own.
 */
export async function runBareCopy(
  database: BenchDatabase,
  images: readonly CopyImage[],
): Promise<CopyRun> {
  const { client } = database
  await client.query(
    'create table bench_flows (like flows including all) partition by range (received_at)',
  )
  await client.query(`create table bench_flows_day partition of bench_flows ${partitionBounds()}`)
  await database.empty('flows')
  try {
    return await copyImages(database, 'bench_flows', images)
  } finally {
    await client.query('drop table bench_flows')
  }
}

/** Copies rows into a table, one transaction for each image. */
export async function copyImages(
  database: BenchDatabase,
  table: string,
  images: readonly CopyImage[],
): Promise<CopyRun> {
  const rows = images.reduce((sum, image) => sum + image.rows, 0)
  const cpuBefore = database.readServerCpu()
  const started = performance.now()
  for (const { bytes } of images) {
    const copy = database.client.query(copyFrom(`copy ${table} from stdin (format binary)`))
    await pipeline(Readable.from(slices(bytes)), copy)
  }
  const seconds = (performance.now() - started) / 1000
  return {
    rowsPerSecond: rows / seconds,
    serverCpu: perMillion(cpuBefore, database.readServerCpu(), rows),
  }
}

/** Gives what a million of them cost, from a counter before and after `count` of them. */
export function perMillion(
  before: number | undefined,
  after: number | undefined,
  count: number,
): number | undefined {
  if (before === undefined || after === undefined) return undefined
  // Counters of different clocks may seem to run back a hundredth of a second.
  return (Math.max(0, after - before) / count) * 1e6
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
}
