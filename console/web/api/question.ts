/** What a question of the API is: its parameters, its reply, and how the database answers it. */

import type { z } from 'zod'
import type { Ask } from '../../query/sql.ts'

/** What answering takes; all of one answer sees one snapshot. */
export interface Asking {
  readonly ask: Ask
  /** Unix milliseconds, at a whole second: equal questions of one second are one. */
  readonly nowMs: number
}

/** A value of CSV and of JSON lines. */
export type Cell = string | number | boolean | null | readonly unknown[] | object

/** The rows of a reply, for CSV and JSON lines. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/**
 * A question. Texts of the URL are checked by `query`; parameters named since, until and at are
 * times, and reach `answer` as RFC 3339 in UTC.
 */
export interface Question<
  Query extends z.ZodObject = z.ZodObject,
  Reply extends z.ZodType = z.ZodType,
> {
  /** As hono writes it: `/api/exporters/:address`. */
  readonly path: string
  readonly summary: string
  readonly query: Query
  readonly reply: Reply
  /** The length of the range that is asked without since. */
  readonly since?: string
  /** Absent: only JSON. */
  readonly table?: (reply: z.infer<Reply>) => Table
  readonly answer: (query: z.infer<Query>, asking: Asking) => Promise<z.infer<Reply>>
}

/** Checks the types of a question. */
export function question<Query extends z.ZodObject, Reply extends z.ZodType>(
  own: Question<Query, Reply>,
): Question<Query, Reply> {
  return own
}
