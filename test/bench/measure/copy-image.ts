/** Rows as a binary COPY has them, in memory, to be copied again and again. */

import { buffer } from 'node:stream/consumers'
import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'

const HEADER_BYTES = 19
const TRAILER = Buffer.from('ffff', 'hex')

/** The data of one COPY. */
export interface CopyImage {
  readonly bytes: Buffer
  readonly rows: number
}

/** Takes the rows that a query gives. */
export async function readCopyImage(client: pg.Client, query: string): Promise<CopyImage> {
  const bytes = await buffer(client.query(copyTo(`copy (${query}) to stdout (format binary)`)))
  return { bytes, rows: findTuples(bytes).length - 1 }
}

/** Splits the data of one COPY into that of several with `rows` rows each; the last has the rest. */
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
 * Finds where each tuple begins; behind them, where the trailer does.
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
