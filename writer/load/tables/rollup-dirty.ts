/**
 * The table `rollup_dirty`: a batch appends the minutes of its rows, whose rollups are out of date as
 * soon as it is committed. Nothing is updated or checked, so no batch waits for the job.
 */

import type { Statement } from '../database/statements.ts'

const APPEND = `
  insert into rollup_dirty (level, bucket)
  select 0, to_timestamp(minute * 60) from unnest($1::bigint[]) as minute`

/** @param minutes since 1970 */
export function* dirtyStatements(minutes: ReadonlySet<number>): Iterable<Statement> {
  if (minutes.size === 0) return
  yield { name: 'list minutes', text: APPEND, values: [`{${[...minutes].join(',')}}`] }
}
