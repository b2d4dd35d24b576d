/**
 * Makes the partitions of `flows` that rows need, a day or an hour each (UTC), without locking out
 * those who load or read. Dropping them is `retention.ts`.
 */

import type pg from 'pg'

export type PartitionInterval = 'day' | 'hour'

/** One partition and the hours (since 1970) that it covers: from `fromHour` up to `toHour`. */
export interface Partition {
  readonly name: string
  readonly fromHour: number
  readonly toHour: number
}

const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24
/** Any number that no other program takes for its own: all writers wait for each other here. */
const PARTITION_LOCK = 7_411_982

export class Partitions {
  readonly #interval: PartitionInterval
  #known: readonly Partition[] = []

  constructor(interval: PartitionInterval) {
    this.#interval = interval
  }

  /**
   * Makes what is missing for rows of these hours, each in a transaction of its own. Not to be
   * called within a transaction.
   *
   * @returns the names of the partitions that were made
   */
  async ensure(client: pg.Client, hours: Iterable<number>): Promise<readonly string[]> {
    const made: string[] = []
    for (const hour of hours) {
      if (isCovered(this.#known, hour)) continue
      this.#known = await listPartitions(client)
      if (isCovered(this.#known, hour)) continue
      made.push(...(await this.#make(client, hour)))
      this.#known = await listPartitions(client)
    }
    return made
  }

  /** Makes the partitions of now and of the next interval. */
  ensureAhead(client: pg.Client, nowMs: number): Promise<readonly string[]> {
    const hour = Math.floor(nowMs / HOUR_MS)
    return this.ensure(client, [hour, hour + (this.#interval === 'day' ? HOURS_A_DAY : 1)])
  }

  /** Forgets what is known, after somebody else may have dropped a partition. */
  forget(): void {
    this.#known = []
  }

  async #make(client: pg.Client, hour: number): Promise<readonly string[]> {
    await client.query('begin')
    try {
      await client.query('select pg_advisory_xact_lock($1)', [PARTITION_LOCK])
      const existing = await listPartitions(client)
      if (isCovered(existing, hour)) return []
      const partition = choosePartition(this.#interval, existing, hour)
      const name = await freeName(client, partition.name)
      // PARTITION OF would lock the parent against the lanes; LIKE and ATTACH do not.
      await client.query(`create table ${name} (like flows including all)`)
      await client.query(
        `alter table flows attach partition ${name}
         for values from ('${hourText(partition.fromHour)}') to ('${hourText(partition.toHour)}')`,
      )
      await client.query('commit')
      return [name]
    } finally {
      // After a commit this only says that there is nothing to roll back.
      await client.query('rollback')
    }
  }
}

function isCovered(partitions: readonly Partition[], hour: number): boolean {
  return partitions.some(({ fromHour, toHour }) => hour >= fromHour && hour < toHour)
}

/** A day, unless the setting or partitions of single hours in that day ask for an hour. */
function choosePartition(
  interval: PartitionInterval,
  existing: readonly Partition[],
  hour: number,
): Partition {
  const fromHour = Math.floor(hour / HOURS_A_DAY) * HOURS_A_DAY
  const toHour = fromHour + HOURS_A_DAY
  const isDayFree = !existing.some((other) => other.fromHour < toHour && other.toHour > fromHour)
  const digits = hourText(hour).replace(/\D/g, '')
  if (interval === 'day' && isDayFree)
    return { name: `flows_${digits.slice(0, 8)}`, fromHour, toHour }
  return { name: `flows_${digits.slice(0, 10)}`, fromHour: hour, toHour: hour + 1 }
}

/** A table that was detached to be kept may have the name already. */
async function freeName(client: pg.Client, name: string): Promise<string> {
  for (let suffix = 1; ; suffix++) {
    const candidate = suffix === 1 ? name : `${name}_${suffix}`
    const { rows } = await client.query('select to_regclass($1) is null as free', [candidate])
    if (rows[0]?.free) return candidate
  }
}

function hourText(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString()
}

/**
 * Lists the partitions of `flows` by time. Bounds that are no whole hours (made by hand) are
 * rounded inwards, so that no row is taken to fit where it does not.
 */
export async function listPartitions(client: pg.Client): Promise<readonly Partition[]> {
  const { rows } = await client.query<{ name: string; bounds: string }>(
    `select c.oid::regclass::text as name, pg_get_expr(c.relpartbound, c.oid) as bounds
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'flows'::regclass and not i.inhdetachpending`,
  )
  return rows.flatMap(({ name, bounds }) => {
    const found = /FROM \('?([^')]+)'?\) TO \('?([^')]+)'?\)/.exec(bounds)
    if (!found) return []
    const fromHour = Math.ceil(boundHour(found[1] as string))
    const toHour = Math.floor(boundHour(found[2] as string))
    return [{ name, fromHour, toHour }]
  })
}

/** Reads a bound as PostgreSQL writes it in UTC: `2026-11-21 00:00:00+00`, MINVALUE, MAXVALUE. */
function boundHour(text: string): number {
  if (text === 'MINVALUE') return Number.NEGATIVE_INFINITY
  if (text === 'MAXVALUE') return Number.POSITIVE_INFINITY
  return Date.parse(text.replace(' ', 'T').replace(/\+00$/, 'Z')) / HOUR_MS
}
