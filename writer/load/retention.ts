/** Drops what is older than RETENTION_DAYS, a partition at a time, without locking out loading. */

import type pg from 'pg'
import type { Logger } from '../../shared/logger.ts'
import { listPartitions, type Partition } from './partitions.ts'
import { describeError } from './sql-state.ts'

const DAY_HOURS = 24
const HOUR_MS = 3_600_000

export interface RetentionOptions {
  /** 0 keeps all. */
  readonly days: number
  readonly logger: Logger
}

/** Drops every partition that ended before `nowMs` minus the days, and old gaps and rejects. */
export async function applyRetention(
  client: pg.Client,
  nowMs: number,
  { days, logger }: RetentionOptions,
): Promise<void> {
  if (days === 0) return
  const oldestHour = nowMs / HOUR_MS - days * DAY_HOURS
  await finishDetaching(client, logger)
  for (const partition of await listPartitions(client)) {
    if (partition.toHour > oldestHour) continue
    await dropPartition(client, partition, logger)
  }
  const oldest = [new Date(oldestHour * HOUR_MS)]
  await client.query('delete from sequence_gaps where detected_at < $1', oldest)
  await client.query('delete from rejected_records where rejected_at < $1', oldest)
}

async function dropPartition(
  client: pg.Client,
  { name, fromHour, toHour }: Partition,
  logger: Logger,
): Promise<void> {
  const estimate = await client.query<{ rows: number }>(
    'select greatest(reltuples, 0)::float8 as rows from pg_class where oid = $1::regclass',
    [name],
  )
  // CONCURRENTLY waits for the lanes without making them wait.
  await client.query(`alter table flows detach partition ${name} concurrently`)
  await client.query(`drop table ${name}`)
  const facts = {
    partition: name,
    from: new Date(fromHour * HOUR_MS).toISOString(),
    to: new Date(toHour * HOUR_MS).toISOString(),
    rows: estimate.rows[0]?.rows,
  }
  logger.info(facts, 'dropped a partition older than RETENTION_DAYS')
}

/** A detachment that was interrupted leaves the partition half detached. */
async function finishDetaching(client: pg.Client, logger: Logger): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent = 'flows'::regclass and inhdetachpending`,
  )
  for (const { name } of rows) {
    try {
      await client.query(`alter table flows detach partition ${name} finalize`)
      await client.query(`drop table ${name}`)
      logger.info({ partition: name }, 'dropped a partition whose dropping had been interrupted')
    } catch (error) {
      logger.warn({ partition: name, ...describeError(error) }, 'a partition is half detached')
    }
  }
}
