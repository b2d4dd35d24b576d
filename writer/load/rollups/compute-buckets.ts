/**
 * Computes listed buckets, each call in one transaction: it takes them off the list, and then computes
 * them. A batch that commits in between lists its minutes again, so every flow is
 * counted once, wherever a job is killed.
 */

import type pg from 'pg'
import { joinBuckets, LEVELS, type Level, startOf } from './levels.ts'
import {
  LIST_FIELD_NUMBERS,
  LIST_FIELDS,
  listFromFlows,
  MARGIN_FIELDS,
  marginsFromFiner,
  marginsFromFlows,
  type Source,
} from './sums.ts'

/** Buckets of one level, in order. */
export interface Work {
  readonly level: Level
  readonly buckets: readonly number[]
}

/** How many values of a field each level lists for an exporter and rate; 0: no lists. */
export interface ListDepths {
  readonly hour: number
  readonly day: number
}

/** From when on the buckets of the levels and their lists are complete, Unix milliseconds. */
interface Completeness {
  readonly since: readonly [number, number, number]
  readonly listsSince: readonly [number, number, number]
  readonly hasPrefixes: boolean
}

/**
 * A fresh partition has no statistics. The planner would read all of it for one minute, and sort what
 * it has read; without sorting, minutes take a quarter of the time.
 */
const TRANSACTION_SETTINGS = `
  set local enable_seqscan = off;
  set local enable_sort = off;
  set local jit = off;
  set local work_mem = '64MB';
  set local max_parallel_workers_per_gather = 0;
  set local statement_timeout = '30min';
  set local lock_timeout = '30min'`

/** Whether to wait for another job, or to leave the work to it. */
export type WhenBusy = 'wait' | 'skip'

/**
 * Begins a transaction of the job. Two jobs must not compute the same bucket at once, so each locks a row:
 * unlike an advisory lock, it is the same at every node of a cluster.
 *
 * @returns whether no other job is at work
 */
export async function beginWork(client: pg.Client, whenBusy: WhenBusy): Promise<boolean> {
  await client.query(`begin isolation level read committed; ${TRANSACTION_SETTINGS}`)
  const { rowCount } = await client.query(
    `select is_only from rollup_state for no key update ${whenBusy === 'wait' ? '' : 'skip locked'}`,
  )
  return rowCount === 1
}

/** Computes buckets within the open transaction of `beginWork`. */
export async function computeBuckets(
  client: pg.Client,
  work: Work,
  depths: ListDepths,
): Promise<void> {
  const { level, buckets } = work
  await client.query('delete from rollup_dirty where level = $1 and bucket = any($2)', [
    level.number,
    toTimes(buckets),
  ])
  const state = await readCompleteness(client)
  const kept = buckets.filter((bucket) => bucket >= state.since[level.number])
  if (level.number === 0) await computeMinutes(client, kept, state)
  else for (const bucket of kept) await computeBucket(client, { level, bucket, state, depths })
  await listCoarser(client, level, buckets)
}

async function computeMinutes(
  client: pg.Client,
  minutes: readonly number[],
  { hasPrefixes }: Completeness,
): Promise<void> {
  const [level] = LEVELS
  await remove(client, level, MARGIN_FIELDS, minutes)
  for (const { from, to } of joinBuckets(level, minutes)) {
    await sumFlows(client, level, { from, to, hasPrefixes })
  }
}

interface BucketWork {
  readonly level: Level
  readonly bucket: number
  readonly state: Completeness
  readonly depths: ListDepths
}

async function computeBucket(client: pg.Client, work: BucketWork): Promise<void> {
  const { level, bucket, state } = work
  const range = { from: bucket, to: bucket + level.ms, hasPrefixes: state.hasPrefixes }
  const finer = LEVELS[level.number - 1] as Level
  await remove(client, level, MARGIN_FIELDS, [bucket])
  // When the minutes or hours of a bucket are deleted, only flows have its sums.
  if (bucket >= state.since[finer.number]) {
    await client.query(marginsFromFiner(level, finer), toTimes([range.from, range.to]))
  } else {
    await sumFlows(client, level, range)
  }
  if (bucket >= state.listsSince[level.number]) await computeLists(client, work)
}

interface FlowRange {
  readonly from: number
  readonly to: number
  readonly hasPrefixes: boolean
}

function sourcesOf(hasPrefixes: boolean): readonly Source[] {
  return hasPrefixes ? ['flows', 'prefix_flows'] : ['flows']
}

async function sumFlows(
  client: pg.Client,
  level: Level,
  { from, to, hasPrefixes }: FlowRange,
): Promise<void> {
  for (const source of sourcesOf(hasPrefixes)) {
    await client.query(marginsFromFlows(level, source), toTimes([from, to]))
  }
}

async function computeLists(
  client: pg.Client,
  { level, bucket, state, depths }: BucketWork,
): Promise<void> {
  await remove(client, level, LIST_FIELD_NUMBERS, [bucket])
  await client.query(
    'delete from rollup_lists where level = $1 and field = any($2) and bucket = $3',
    [level.number, LIST_FIELD_NUMBERS, new Date(bucket)],
  )
  const depth = level.number === 1 ? depths.hour : depths.day
  const byFlows = Math.ceil(depth / 4)
  const range = toTimes([bucket, bucket + level.ms])
  for (const source of sourcesOf(state.hasPrefixes)) {
    for (const list of LIST_FIELDS) {
      await client.query(listFromFlows(level, source, list), [...range, depth, byFlows])
    }
  }
}

async function remove(
  client: pg.Client,
  level: Level,
  fields: string,
  buckets: readonly number[],
): Promise<void> {
  await client.query(`delete from ${level.table} where field = any($1) and bucket = any($2)`, [
    fields,
    toTimes(buckets),
  ])
}

/** Lists the hours of minutes, or the days of hours. */
async function listCoarser(
  client: pg.Client,
  level: Level,
  buckets: readonly number[],
): Promise<void> {
  const coarser = LEVELS[level.number + 1]
  if (!coarser) return
  const starts = new Set(buckets.map((bucket) => startOf(coarser, bucket)))
  await client.query(
    'insert into rollup_dirty (level, bucket) select $1, bucket from unnest($2::timestamptz[]) as bucket',
    [coarser.number, toTimes([...starts])],
  )
}

async function readCompleteness(client: pg.Client): Promise<Completeness> {
  const ms = (column: string) => `extract(epoch from ${column})::float8 * 1000`
  const { rows } = await client.query(
    `select array[${LEVELS.map(({ since }) => ms(since)).join(', ')}] as since,
       array['Infinity'::float8, ${ms('hour_lists_since')}, ${ms('day_lists_since')}] as "listsSince",
       exists (select from exporter_prefixes) as "hasPrefixes"
     from rollup_state`,
  )
  return rows[0] as Completeness
}

function toTimes(buckets: readonly number[]): Date[] {
  return buckets.map((ms) => new Date(ms))
}
