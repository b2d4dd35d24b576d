/**
 * Deletes rollups that are older than their settings, and makes rollups final before their flows are
 * dropped.
 */

import type pg from 'pg'
import type { ListDepths } from './compute-buckets.ts'
import { LEVELS, nextStart, startOf } from './levels.ts'
import { LIST_FIELD_NUMBERS, MARGIN_FIELDS } from './sums.ts'

/** Lists of hours take more room than all margins, and the lists of days answer for longer. */
const HOUR_LIST_DAYS = 35

export interface RollupDays {
  /** 0 keeps all. */
  readonly minute: number
  readonly hour: number
  readonly day: number
}

/**
 * Deletes what is too old, within an open transaction of the job. `rollup_state` tells readers in the
 * same moment that it is gone.
 */
export async function expireRollups(
  client: pg.Client,
  nowMs: number,
  { days, depths }: { readonly days: RollupDays; readonly depths: ListDepths },
): Promise<void> {
  const kept = [days.minute, days.hour, days.day]
  for (const level of LEVELS) {
    const since = oldestKept(nowMs, kept[level.number] as number)
    if (since === undefined) continue
    await client.query(`update rollup_state set ${level.since} = $1 where ${level.since} < $1`, [
      since,
    ])
    await client.query(`delete from ${level.table} where field = any($1) and bucket < $2`, [
      level.number === 0 ? MARGIN_FIELDS : '{0,1,2,3,4,5,6,7,8,9,10}',
      since,
    ])
  }
  const hourLists = oldestKept(nowMs, Math.min(days.hour || HOUR_LIST_DAYS, HOUR_LIST_DAYS))
  await expireLists(client, 1, { depth: depths.hour, since: hourLists, nowMs })
  await expireLists(client, 2, { depth: depths.day, since: oldestKept(nowMs, days.day), nowMs })
}

/** Returns a beginning of a day, so that no coarser bucket is half deleted. */
function oldestKept(nowMs: number, days: number): Date | undefined {
  const day = LEVELS[2]
  return days === 0 ? undefined : new Date(startOf(day, nowMs - days * day.ms))
}

interface ListExpiry {
  readonly depth: number
  readonly since: Date | undefined
  readonly nowMs: number
}

async function expireLists(
  client: pg.Client,
  number: 1 | 2,
  { depth, since, nowMs }: ListExpiry,
): Promise<void> {
  const { table } = LEVELS[number]
  const column = number === 1 ? 'hour_lists_since' : 'day_lists_since'
  if (depth === 0) await client.query(`update rollup_state set ${column} = 'infinity'`)
  else {
    // Lists that were off and are on again begin with the next bucket.
    const next = new Date(nextStart(LEVELS[number], nowMs))
    await client.query(`update rollup_state set ${column} = $1 where ${column} = 'infinity'`, [
      next,
    ])
    if (since) {
      await client.query(`update rollup_state set ${column} = $1 where ${column} < $1`, [since])
    }
  }
  const tooOld = `bucket < (select ${column} from rollup_state)`
  await client.query(`delete from ${table} where field = any($1) and ${tooOld}`, [
    LIST_FIELD_NUMBERS,
  ])
  await client.query(
    `delete from rollup_lists where level = $1 and field = any($2) and ${tooOld}`,
    [number, LIST_FIELD_NUMBERS],
  )
}

/**
 * Removes the buckets of days whose flows are dropped from the list, and counts them: computed again, a
 * whole minute would be replaced by its late rows.
 */
export async function giveUpTooLate(client: pg.Client): Promise<void> {
  await client.query(`
    with late as (
      delete from rollup_dirty where bucket < (select settled_until from rollup_state)
      returning level
    )
    update rollup_state set rows_too_late = rows_too_late + (select count(*) from late)
    where exists (select from late)`)
}

/** Returns the end of the day of a time: rollups before it are final when flows before the time are dropped. */
export function settledUntil(ms: number): number {
  return nextStart(LEVELS[2], ms)
}

/** Makes the rollups before a time final: their flows are about to be dropped. */
export async function markSettled(client: pg.Client, untilMs: number): Promise<void> {
  await client.query('update rollup_state set settled_until = $1 where settled_until < $1', [
    new Date(untilMs),
  ])
}

/** Leaves one row of the list for each bucket: without a job, each batch adds one. */
export async function thinList(client: pg.Client): Promise<void> {
  await client.query(`
    delete from rollup_dirty as double using (
      select level, bucket, min(ctid) as first from rollup_dirty
      group by level, bucket having count(*) > 1
    ) as listed
    where double.level = listed.level and double.bucket = listed.bucket
      and double.ctid <> listed.first`)
}
