/** A question of the API: its parameters, its reply, and how the database answers it. */

import type { z } from 'zod'
import type { Ask } from '../../query/sql.ts'

/** A value of CSV and of JSON lines. */
export type Cell = string | number | boolean | null | readonly unknown[] | object

/** The rows of a reply, for CSV and JSON lines. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/**
 * A question. `query` checks the texts of the URL. The parameters since, until and at are times, and
 * reach `answer` as RFC 3339 in UTC.
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
  /** The length of the range when since is missing. */
  readonly since?: string
  /** Absent: only JSON. */
  readonly table?: (reply: z.infer<Reply>) => Table
  /** Everything that `ask` reads for one answer is of one snapshot. */
  readonly answer: (query: z.infer<Query>, ask: Ask) => Promise<z.infer<Reply>>
}

/** Lets the compiler check that the parts of a question fit together. */
export function defineQuestion<Query extends z.ZodObject, Reply extends z.ZodType>(
  question: Question<Query, Reply>,
): Question<Query, Reply> {
  return question
}
