/** Finds the buckets to compute next, and measures how far behind the rollups are. */

import type pg from 'pg'
import type { Work } from './compute-buckets.ts'
import { LEVELS, type Level } from './levels.ts'

/** Buckets that failed lately, by `keyOf`. */
export interface Avoided {
  has(key: string): boolean
}

/** Names a bucket. */
export function keyOf(level: Level, bucket: number): string {
  return `${level.number} ${bucket}`
}

/** How far behind the rollups are. */
export interface Backlog {
  /** Minutes that are listed. */
  readonly minutes: number
  /** The oldest of them, Unix milliseconds; undefined without any. */
  readonly oldestMs: number | undefined
}

/** The listed buckets, oldest first; an hour or day waits until its minutes and hours are computed. */
const LISTED = `
  with listed as materialized (
    select distinct level, bucket from rollup_dirty
    where bucket >= (select settled_until from rollup_state)
  )
  select level, extract(epoch from bucket)::float8 * 1000 as bucket
  from listed
  where case level
    when 0 then bucket + '1 minute' <= $1
    when 1 then bucket + '1 hour' <= $2
      and bucket not in (
        select date_bin('1 hour', bucket, '2000-01-03Z') from listed where level = 0)
    else bucket + '1 day' <= $3
      and bucket not in (
        select date_bin('1 day', bucket, '2000-01-03Z') from listed where level < 2)
  end
  order by bucket, level limit 2000`

const COUNT = `
  select count(*)::float8 as minutes, extract(epoch from min(bucket))::float8 * 1000 as "oldestMs"
  from (select distinct bucket from rollup_dirty where level = 0) as listed`

interface Listed {
  readonly level: number
  readonly bucket: number
}

/**
 * Finds the oldest work: some minutes at a time, or one hour or day.
 *
 * @param endsMs by level: only buckets that ended by then
 */
export async function findWork(
  client: pg.Client,
  endsMs: readonly number[],
  { avoided, maxMinutes }: { readonly avoided: Avoided; readonly maxMinutes: number },
): Promise<readonly Work[]> {
  const ends = endsMs.map((ms) => new Date(ms))
  const { rows } = await client.query<Listed>(LISTED, ends)
  const works: { level: Level; buckets: number[] }[] = []
  for (const { level: number, bucket } of rows) {
    const level = LEVELS[number] as Level
    if (avoided.has(keyOf(level, bucket))) continue
    const last = works.at(-1)
    const isSame = number === 0 && last?.level === level && last.buckets.length < maxMinutes
    if (isSame) last.buckets.push(bucket)
    else works.push({ level, buckets: [bucket] })
  }
  return works
}

export async function readBacklog(client: pg.Client): Promise<Backlog> {
  const { rows } = await client.query<{ minutes: number; oldestMs: number | null }>(COUNT)
  const { minutes = 0, oldestMs } = rows[0] ?? {}
  return { minutes, oldestMs: oldestMs ?? undefined }
}
