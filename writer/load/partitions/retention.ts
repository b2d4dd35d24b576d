/** Drops what is older than RETENTION_DAYS, one partition at a time, while loading goes on. */

import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import { describeError } from '../database/sql-state.ts'
import { DAY_MS, listPartitions, type Partition } from './partitions.ts'

/** An advisory lock: one of several writers drops at a time. */
const RETENTION_LOCK = 7_411_983

/**
 * Marks a partition before it is detached, so that a later run finds it if this one is cut short.
 */
const DOOMED = 'Older than RETENTION_DAYS: about to be dropped.'

interface RetentionOptions {
  /** 0 keeps all. */
  readonly days: number
  /** Makes the rollups of flows before this time final. */
  readonly settle?: (timeMs: number) => Promise<void>
  readonly logger: Logger
}

/**
 * Drops every partition that ended before `nowMs` minus the days, and deletes gaps and rejected
 * records of that age. Does nothing while another writer does this.
 *
 * @throws the database's error; the next call drops the rest
 */
export async function applyRetention(
  client: pg.Client,
  nowMs: number,
  options: RetentionOptions,
): Promise<void> {
  if (options.days === 0) return
  // A lock of the session: a partition cannot be detached concurrently within a transaction.
  const lock = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1) as locked',
    [RETENTION_LOCK],
  )
  if (!lock.rows[0]?.locked) return
  try {
    await dropOlder(client, nowMs - options.days * DAY_MS, options)
  } finally {
    // A lost connection has lost the lock as well.
    await client.query('select pg_advisory_unlock($1)', [RETENTION_LOCK]).catch(() => {})
  }
}

async function dropOlder(
  client: pg.Client,
  oldestMs: number,
  { settle, logger }: RetentionOptions,
): Promise<void> {
  const oldest = [new Date(oldestMs)]
  await client.query('delete from sequence_gaps where detected_at < $1', oldest)
  await client.query('delete from rejected_records where rejected_at < $1', oldest)
  await finishDropping(client, logger)
  for (const partition of await listPartitions(client)) {
    if (partition.to > oldestMs) continue
    // A full disk may be the cause: dropping goes on.
    await settle?.(partition.to).catch((error: unknown) => {
      logger.error(
        { ...describeError(error), partition: partition.name },
        'the rollups of an old partition could not be completed; it is dropped without',
      )
    })
    await dropPartition(client, partition, logger)
  }
}

async function dropPartition(
  client: pg.Client,
  { name, from, to }: Partition,
  logger: Logger,
): Promise<void> {
  const estimate = await client.query<{ rows: number }>(
    'select greatest(reltuples, 0)::float8 as rows from pg_class where oid = $1::regclass',
    [name],
  )
  await client.query(`comment on table ${name} is '${DOOMED}'`)
  // CONCURRENTLY waits for those who load and read, and lets others load and read meanwhile.
  await client.query(`alter table flows detach partition ${name} concurrently`)
  await client.query(`drop table ${name}`)
  const facts = {
    partition: name,
    from: describeTime(from),
    to: describeTime(to),
    rows: estimate.rows[0]?.rows,
  }
  logger.info(facts, 'dropped a partition older than RETENTION_DAYS')
}

/** Drops partitions that an earlier run marked, but did not detach or drop. */
async function finishDropping(client: pg.Client, logger: Logger): Promise<void> {
  const { rows } = await client.query<{ name: string; pending: boolean }>(
    `select c.oid::regclass::text as name, coalesce(i.inhdetachpending, false) as pending
     from pg_class c left join pg_inherits i on i.inhrelid = c.oid
     where c.relkind = 'r' and c.relnamespace = (
         select relnamespace from pg_class where oid = 'flows'::regclass)
       and obj_description(c.oid, 'pg_class') = $1
       and (i.inhdetachpending or i.inhrelid is null)`,
    [DOOMED],
  )
  for (const { name, pending } of rows) {
    if (pending) await client.query(`alter table flows detach partition ${name} finalize`)
    await client.query(`drop table ${name}`)
    logger.info({ partition: name }, 'dropped a partition whose dropping had been cut short')
  }
}

function describeTime(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : 'the beginning'
}
