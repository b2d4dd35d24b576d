/**
 * The yardstick for the writer: the same rows, encoded in advance, loaded by binary COPY over one
 * connection into an equal empty table with one partition.
 */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { RECEIVED_AT_MS } from '../traffic/line-file.ts'
import type { BenchDatabase } from './bench-database.ts'

const SLICE_BYTES = 256 * 1024
const DAY_MS = 86_400_000
const HEADER_BYTES = 19
const TRAILER = Buffer.from('ffff', 'hex')

/** The data of one binary COPY, in memory, to be loaded any number of times. */
export interface CopyImage {
  readonly bytes: Buffer
  readonly rows: number
}

export interface CopyRun {
  readonly rowsPerSecond: number
  /** CPU seconds of the server per million rows. */
  readonly serverCpu: number | undefined
}

/** Reads the rows of a query. */
export async function readCopyImage(client: pg.Client, query: string): Promise<CopyImage> {
  const bytes = await buffer(client.query(copyTo(`copy (${query}) to stdout (format binary)`)))
  return { bytes, rows: findTuples(bytes).length - 1 }
}

/** Splits one image into images of `rows` rows each; the last holds the remainder. */
export function splitCopyImage({ bytes }: CopyImage, rows: number): CopyImage[] {
  const offsets = findTuples(bytes)
  const images: CopyImage[] = []
  for (let first = 0; first < offsets.length - 1; first += rows) {
    const end = Math.min(first + rows, offsets.length - 1)
    const tuples = bytes.subarray(offsets[first], offsets[end])
    const image = Buffer.concat([bytes.subarray(0, HEADER_BYTES), tuples, TRAILER])
    images.push({ bytes: image, rows: end - first })
  }
  return images
}

/**
 * Finds the offset of each tuple, and of the trailer as the last one.
 *
 *     data  = signature:11 flags:i32=0 extension:i32=0 tuple* trailer:i16=-1
 *     tuple = fields:i16 (length:i32 value)*fields        length -1: NULL, no value
 */
function findTuples(bytes: Buffer): number[] {
  const offsets: number[] = []
  let at = HEADER_BYTES
  for (;;) {
    offsets.push(at)
    const fields = bytes.readInt16BE(at)
    if (fields < 0) return offsets
    at += 2
    for (let field = 0; field < fields; field++) at += 4 + Math.max(0, bytes.readInt32BE(at))
  }
}

/** Returns the bounds of the one partition that holds all rows of a benchmark, as SQL. */
export function partitionBounds(): string {
  const from = Math.floor(RECEIVED_AT_MS / DAY_MS) * DAY_MS
  const text = (ms: number) => `'${new Date(ms).toISOString()}'`
  return `for values from (${text(from)}) to (${text(from + DAY_MS)})`
}

/**
 * Copies images into an empty table like `flows`, one transaction each. `flows` is emptied first:
 * its rows would occupy buffers of the server that a writer's run has for itself.
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

/** Copies images into a table, one transaction each. */
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

/** Returns the cost of a million items, from a counter before and after `count` of them. */
export function perMillion(
  before: number | undefined,
  after: number | undefined,
  count: number,
): number | undefined {
  if (before === undefined || after === undefined) return undefined
  // Counters of different clocks can seem to run back by a hundredth of a second.
  return (Math.max(0, after - before) / count) * 1e6
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
}
