/** An answer: columns, rows, and remarks. Each value is the text that the database has written. */

import type { Row } from '../../query/sql.ts'

/** How a value is shown to people. CSV and JSON have it as it is. */
export type Kind =
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
  /** In rows, CSV and JSON. */
  readonly name: string
  /** In tables; missing: the column is not in tables. */
  readonly title?: string
  readonly kind: Kind
  /** Columns with a greater number leave a narrow table first; missing: the column stays. */
  readonly leaves?: number
}

export interface Answer {
  readonly columns: readonly Column[]
  readonly rows: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>
  /** Drawn behind each row of a table: the share of the greatest, from 0 to 1. */
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

/** Numbers of the database that JSON can hold as they are. */
export const NUMBERS: readonly Kind[] = ['number', 'count', 'bytes', 'share', 'percent', 'duration']
