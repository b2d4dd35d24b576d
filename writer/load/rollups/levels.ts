/** The levels of the rollups: minutes, hours and days (UTC). */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** As in `rollup_dirty.level`. */
export type LevelNumber = 0 | 1 | 2

export interface Level {
  readonly number: LevelNumber
  readonly table: 'rollup_minute' | 'rollup_hour' | 'rollup_day'
  /** Of a bucket, as an interval in SQL. */
  readonly interval: '1 minute' | '1 hour' | '1 day'
  /** Of a bucket. */
  readonly ms: number
  /** How long after its end a bucket is computed: late rows would make it be computed twice. */
  readonly graceMs: number
  /** The column of `rollup_state` that says from when on its buckets are complete. */
  readonly since: 'minutes_since' | 'hours_since' | 'days_since'
}

export const LEVELS: readonly [Level, Level, Level] = [
  {
    number: 0,
    table: 'rollup_minute',
    interval: '1 minute',
    ms: MINUTE_MS,
    graceMs: 65_000,
    since: 'minutes_since',
  },
  {
    number: 1,
    table: 'rollup_hour',
    interval: '1 hour',
    ms: HOUR_MS,
    graceMs: 2 * MINUTE_MS,
    since: 'hours_since',
  },
  {
    number: 2,
    table: 'rollup_day',
    interval: '1 day',
    ms: DAY_MS,
    graceMs: 10 * MINUTE_MS,
    since: 'days_since',
  },
]

/** Returns the beginning of the bucket that has this time. */
export function startOf(level: Level, ms: number): number {
  return Math.floor(ms / level.ms) * level.ms
}

/** Returns the first beginning of a bucket at or after this time. */
export function nextStart(level: Level, ms: number): number {
  return Math.ceil(ms / level.ms) * level.ms
}

/** Joins neighbouring buckets into ranges, without their ends. The buckets must be in order. */
export function joinBuckets(
  level: Level,
  buckets: readonly number[],
): readonly { readonly from: number; readonly to: number }[] {
  const ranges: { from: number; to: number }[] = []
  for (const bucket of buckets) {
    const last = ranges.at(-1)
    if (last?.to === bucket) last.to = bucket + level.ms
    else ranges.push({ from: bucket, to: bucket + level.ms })
  }
  return ranges
}
