/** An answer: columns, rows, and remarks. Each value is the text that the database wrote. */

import type { Row } from '../../query/sql.ts'

/** How a value is shown to people. CSV and JSON have the value as it is. */
type Kind =
  | 'text'
  | 'address'
  | 'number'
  | 'count'
  | 'bytes'
  | 'share'
  /** Of a hundred. */
  | 'percent'
  | 'time'
  /** Seconds. */
  | 'duration'
  | 'flag'
  /** JSON: an object, or a list of texts. */
  | 'json'

export interface Column {
  /** Its name in rows, CSV and JSON. */
  readonly name: string
  /** Its title in tables; missing: the column is not in tables. */
  readonly title?: string
  readonly kind: Kind
  /** Columns with a greater number leave a narrow table first; missing: the column stays. */
  readonly leaves?: number
}

export interface Answer {
  readonly columns: readonly Column[]
  readonly rows: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>
  /** Returns the length of the bar after a row of a table, from 0 to 1 (the greatest). */
  readonly bar?: (row: Row) => number
  /** Texts below a table. */
  readonly remarks?: readonly string[]
  /** Shown instead of an empty table. */
  readonly nothing: string
}

/** Reads a time as PostgreSQL writes it in UTC, as Unix milliseconds. */
export function parseStamp(stamp: string): number {
  return Date.parse(stamp.replace(' ', 'T').replace(/\+00$/, 'Z'))
}

/** Formats a time of PostgreSQL by RFC 3339. */
export function formatStamp(stamp: string): string {
  return /^\d{4,}-.*\+00$/.test(stamp) ? stamp.replace(' ', 'T').replace(/\+00$/, 'Z') : stamp
}

/** The kinds that are numbers in JSON, and aligned to the right in tables. */
export const NUMBERS: readonly Kind[] = ['number', 'count', 'bytes', 'share', 'percent', 'duration']
