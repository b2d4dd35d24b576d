/** Copies the rows of a batch into `flows` within an open transaction, around those it refuses. */

import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { describeError } from '../database/sql-state.ts'
import type { RefusedRow } from '../tables/rejected-records.ts'
import type { CopyBatch } from './copy-batch.ts'
import { describeTuple } from './copy-tuple.ts'
import { copyStatement } from './flow-columns.ts'

/** A row of the batch was refused; `cause` says why. The transaction cannot go on. */
export class RefusedRowError extends Error {
  readonly code = 'REFUSED_ROW'

  constructor(cause: unknown) {
    super('a row was refused', { cause })
    this.name = 'RefusedRowError'
  }
}

/** Which rows to copy, and by what. */
export interface CopyOptions {
  readonly first?: number
  readonly end?: number
  /** The last of its statements is the COPY. Default: into `flows`. */
  readonly statement?: string
}

/**
 * Copies rows `first` up to `end`, all by default.
 *
 * @returns how many rows the server says it has taken
 * @throws RefusedRowError when a row is not accepted, anything else as it came
 */
export async function copyRows(
  client: pg.Client,
  batch: CopyBatch,
  { first = 0, end = batch.rows, statement = copyStatement(batch.fields) }: CopyOptions = {},
): Promise<number> {
  if (end <= first) return 0
  try {
    return await runCopy(client, statement, batch.copyData(first, end))
  } catch (error) {
    throw describeError(error).kind === 'data' ? new RefusedRowError(error) : error
  }
}

/**
 * Runs a COPY … FROM STDIN of data that is at hand. All of it is queued at once, so that each piece
 * goes to the socket in the moment when there is room, and not a turn of the event loop later.
 *
 * @param text may hold statements before the COPY, which is the last one
 * @param data is not to be changed until the COPY is over
 * @returns how many rows the server says it has taken
 * @throws the server's error, or the connection's
 */
export async function runCopy(
  client: pg.Client,
  text: string,
  data: Iterable<Buffer>,
): Promise<number> {
  const copy = client.query(copyFrom(text))
  // What is still queued then would go to a connection that the stream has let go of.
  copy.once('error', () => copy.destroy())
  for (const piece of data) copy.write(piece)
  copy.end()
  await finished(copy)
  return copy.rowCount
}

/**
 * Copies all rows but those that the database refuses as data, found by halving.
 *
 * @returns how many rows the server says it has taken, and the refused ones in their order
 */
export async function copyAcceptableRows(
  client: pg.Client,
  batch: CopyBatch,
): Promise<{ readonly copied: number; readonly refused: readonly RefusedRow[] }> {
  const refused: RefusedRow[] = []
  let copied = 0
  const ranges: [first: number, end: number][] = [[0, batch.rows]]
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const [first, end] = range
    await client.query('savepoint halving')
    try {
      copied += await copyRows(client, batch, { first, end })
    } catch (error) {
      if (!(error instanceof RefusedRowError)) throw error
      const { sqlState, message } = describeError(error.cause)
      await client.query('rollback to savepoint halving')
      const middle = (first + end) >>> 1
      if (end - first > 1) ranges.push([middle, end], [first, middle])
      else
        refused.push({
          sqlState,
          reason: message,
          record: describeTuple(batch.tuple(first), batch.fields),
        })
    }
    await client.query('release savepoint halving')
  }
  return { copied, refused }
}
