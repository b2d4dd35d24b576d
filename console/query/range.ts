/** A range of time, half open, and its condition in SQL. */

import type { Filter } from './filter/filter-tree.ts'
import type { Parameters } from './sql.ts'

/** RFC 3339. */
export interface TimeRange {
  readonly since: string
  readonly until: string
}

/** A question about the rows of a range that meet a filter. */
export interface RangeQuestion extends TimeRange {
  readonly filter: Filter
}

/** Returns the condition that a column lies in a range. */
export function withinRange(
  column: string,
  { since, until }: TimeRange,
  parameters: Parameters,
): string {
  return (
    `${column} >= ${parameters.add(since)}::timestamptz ` +
    `and ${column} < ${parameters.add(until)}::timestamptz`
  )
}
