/** Drops what is older than RETENTION_DAYS, a partition at a time, without locking out loading. */

import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import { listPartitions, type Partition } from './partitions.ts'

const DAY_MS = 86_400_000

/** Any number that no other program takes for its own: of several writers, one drops at a time. */
const RETENTION_LOCK = 7_411_983

/** Marks a partition before it is detached, so that one whose dropping was cut short is known. */
const DOOMED = 'Older than RETENTION_DAYS: about to be dropped.'

export interface RetentionOptions {
  /** 0 keeps all. */
  readonly days: number
  readonly logger: Logger
}

/**
 * Drops every partition that ended before `nowMs` minus the days, and old gaps and rejects; nothing
 * while another writer is at it.
 *
 * @throws the database's error; what is left is dropped by the next call
 */
export async function applyRetention(
  client: pg.Client,
  nowMs: number,
  { days, logger }: RetentionOptions,
): Promise<void> {
  if (days === 0) return
  // Of the session, as a partition is not detached within a transaction.
  const lock = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1) as locked',
    [RETENTION_LOCK],
  )
  if (!lock.rows[0]?.locked) return
  try {
    await dropOlder(client, nowMs - days * DAY_MS, logger)
  } finally {
    // When the connection is gone, so is the lock.
    await client.query('select pg_advisory_unlock($1)', [RETENTION_LOCK]).catch(() => {})
  }
}

async function dropOlder(client: pg.Client, oldestMs: number, logger: Logger): Promise<void> {
  const oldest = [new Date(oldestMs)]
  await client.query('delete from sequence_gaps where detected_at < $1', oldest)
  await client.query('delete from rejected_records where rejected_at < $1', oldest)
  await finishDropping(client, logger)
  for (const partition of await listPartitions(client)) {
    if (partition.to <= oldestMs) await dropPartition(client, partition, logger)
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
  // CONCURRENTLY waits for those who load and read without making them wait.
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

/** Drops partitions whose detaching, or dropping, was cut short. */
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
