/** Copies the rows of a batch into `flows`, and finds those that the database refuses. */

import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { describeError, INTERNAL_ERROR } from '../database/sql-state.ts'
import type { RefusedRow } from '../tables/rejected-records.ts'
import type { CopyBatch } from './copy-batch.ts'
import { describeTuple } from './copy-tuple.ts'
import { copyStatement } from './flow-columns.ts'

/** The database refused a row; `cause` says why. The transaction has failed. */
export class RefusedRowError extends Error {
  readonly code = 'REFUSED_ROW'

  constructor(cause: unknown) {
    super('a row was refused', { cause })
    this.name = 'RefusedRowError'
  }
}

/** The rows to copy, and the statement. */
interface CopyOptions {
  readonly first?: number
  readonly end?: number
  /** Ends with the COPY; other statements may come before. Default: a COPY into `flows`. */
  readonly statement?: string
}

/**
 * Copies rows `first` up to `end`, all by default.
 *
 * @returns how many rows the server says it has stored
 * @throws RefusedRowError when the database refuses a row; other errors unchanged
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
 * Runs a COPY … FROM STDIN of data in memory. All pieces are queued at once, so that each goes to
 * the socket as soon as there is room, not a turn of the event loop later.
 *
 * @param text ends with the COPY; other statements may come before
 * @param data must not change until the COPY is over
 * @returns how many rows the server says it has stored
 * @throws the server's error, or the connection's
 */
export async function runCopy(
  client: pg.Client,
  text: string,
  data: Iterable<Buffer>,
): Promise<number> {
  const copy = client.query(copyFrom(text))
  // Pieces still queued would go to a connection that the stream no longer owns.
  copy.once('error', () => copy.destroy())
  for (const piece of data) copy.write(piece)
  copy.end()
  await finished(copy)
  return copy.rowCount
}

/** With more suspects, the fault is the server's, not that of the rows: it may be repaired. */
const MOST_SUSPECTS = 100

interface HalvingOptions {
  /** Rows that cause an internal error of the server are refused, too. */
  readonly suspectRows: boolean
  /** Even when that leaves no row of the batch. */
  readonly isPatienceOver: boolean
}

const ONLY_DATA: HalvingOptions = { suspectRows: false, isPatienceOver: false }

/**
 * Copies all rows but those that the database refuses, which it finds by halving.
 *
 * @returns how many rows the server says it has stored, and the refused rows in their order
 * @throws the server's error when no single row is to blame
 */
export async function copyAcceptableRows(
  client: pg.Client,
  batch: CopyBatch,
  { suspectRows, isPatienceOver }: HalvingOptions = ONLY_DATA,
): Promise<{ readonly copied: number; readonly refused: readonly RefusedRow[] }> {
  const refused: RefusedRow[] = []
  let copied = 0
  let suspects = 0
  const ranges: [first: number, end: number][] = [[0, batch.rows]]
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const [first, end] = range
    await client.query('savepoint halving')
    try {
      copied += await copyRows(client, batch, { first, end })
    } catch (error) {
      const { sqlState, message } = describeError(
        error instanceof RefusedRowError ? error.cause : error,
      )
      const isSuspect = suspectRows && sqlState === INTERNAL_ERROR
      if (!(error instanceof RefusedRowError || isSuspect)) throw error
      await client.query('rollback to savepoint halving')
      const middle = (first + end) >>> 1
      if (end - first > 1) ranges.push([middle, end], [first, middle])
      else {
        if (isSuspect) suspects++
        const isFault = suspects > MOST_SUSPECTS
        const isAlone = ranges.length === 0 && copied === 0 && !isPatienceOver
        if (isSuspect && (isFault || isAlone)) throw error
        const record = describeTuple(batch.tuple(first), batch.fields)
        refused.push({ sqlState, reason: message, record })
      }
    }
    await client.query('release savepoint halving')
  }
  return { copied, refused }
}
