/** Values of replies: how texts of PostgreSQL become JSON. Counters stay texts: they may exceed 2^53. */

import { z } from 'zod'
import type { Row } from '../../query/sql.ts'

/** A counter: a decimal text, however large; null: not sent, or not known. */
export const counter = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .nullable()
  .describe('decimal text; null: not sent, or not known')

/** RFC 3339 in UTC. */
export const time = z.string().describe('RFC 3339 in UTC')

export const maybeTime = time.nullable()
export const maybeText = z.string().nullable()
export const maybeNumber = z.number().nullable()

/** The first members of every answer about a range. */
export const rangeReply = { since: time, until: time }

/** Members that ask the same question elsewhere. */
export const sameQuestion = {
  sql: z.string().describe('a statement for psql that returns the same rows'),
  command: z
    .string()
    .nullable()
    .describe('the same question for the terminal; null: it has no such option'),
}

export function text(row: Row, name: string): string {
  return row[name] ?? ''
}

export function textOrNull(row: Row, name: string): string | null {
  return row[name] ?? null
}

/** A number that is no counter: a port, a percentage, a number of seconds. */
export function numberOrNull(row: Row, name: string): number | null {
  const value = row[name]
  return value == null ? null : Number(value)
}

export function isTrue(row: Row, name: string): boolean {
  return row[name] === 't'
}

/** Returns a time of PostgreSQL's ISO style in UTC as RFC 3339; infinities stay words. */
export function rfc3339(stamp: string): string {
  return stamp.replace(' ', 'T').replace(/\+00(:00)?$/, 'Z')
}

export function timeOrNull(row: Row, name: string): string | null {
  const stamp = row[name]
  return stamp == null ? null : rfc3339(stamp)
}

/** Reads a column of type json. */
export function json(row: Row, name: string): unknown {
  return JSON.parse(row[name] ?? 'null')
}
