/** Drops one partition of `flows` while others load and read, and says why one cannot be dropped. */

import type pg from 'pg'
import type { Partition } from './flow-store.ts'
import { runShortly } from './run-shortly.ts'

/**
 * Marks a partition before it is detached, so that a later run finds it if this one is cut short.
 */
const DOOMED = 'Older than RETENTION_DAYS: about to be dropped.'

/** Counting the rows of a larger partition would take longer than dropping it. */
export const COUNTED_BYTES = 67_108_864

/** The partition cannot be dropped until somebody acts. The message says what to do. */
export class PartitionInUseError extends Error {
  readonly code = 'PARTITION_IN_USE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PartitionInUseError'
  }
}

/**
 * Drops a partition.
 *
 * @param defaultPartition the name of the default partition; undefined: there is none
 * @returns about how many rows it had; undefined: nobody knows
 * @throws PartitionInUseError when other objects use it, else the database's error
 */
export async function dropPartition(
  client: pg.Client,
  { name }: Partition,
  defaultPartition: string | undefined,
): Promise<number | undefined> {
  await refuseUsers(client, name)
  const rows = await estimateRows(client, name)
  if (defaultPartition !== undefined) {
    await dropBesideDefault(client, name, defaultPartition)
    return rows
  }
  await detach(client, name)
  await client.query(`drop table ${name}`)
  return rows
}

async function detach(client: pg.Client, name: string): Promise<void> {
  await client.query(`comment on table ${name} is '${DOOMED}'`)
  try {
    // CONCURRENTLY waits for those who load and read, and lets others load and read meanwhile.
    await client.query(`alter table flows detach partition ${name} concurrently`)
  } catch (error) {
    // Somebody may detach it later to keep it, so the mark must not stay without a cause.
    const isBegun = await isDetaching(client).catch(() => true)
    if (!isBegun) await client.query(`comment on table ${name} is null`)
    throw error
  }
}

/** Whether a partition is being detached: meanwhile PostgreSQL detaches no other one. */
export async function isDetaching(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_inherits where inhparent = 'flows'::regclass and inhdetachpending`,
  )
  return rowCount !== 0
}

/** PostgreSQL cannot detach concurrently beside a default partition: nobody may use `flows`. */
async function dropBesideDefault(
  client: pg.Client,
  name: string,
  defaultPartition: string,
): Promise<void> {
  try {
    await runShortly(client, [`drop table ${name}`])
  } catch (error) {
    if ((error as { code?: string }).code !== '55P03') throw error
    throw new PartitionInUseError(
      `beside the default partition ${defaultPartition} it can be dropped only while nobody uses ` +
        'flows: end long queries, or move the rows of the default partition and drop it',
      error,
    )
  }
}

// Constraints and indexes depend on their table, too, but go with it.
const FIND_USERS = `
  select distinct
    case when d.classid = 'pg_rewrite'::regclass
      then pg_describe_object('pg_class'::regclass, r.ev_class, 0)
      else pg_describe_object(d.classid, d.objid, d.objsubid) end as name
  from pg_depend d left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
  where d.refclassid = 'pg_class'::regclass and d.refobjid = $1::regclass and d.deptype = 'n'
    and not exists (
      select from pg_depend own
      where own.classid = d.classid and own.objid = d.objid and own.refclassid = d.refclassid
        and own.refobjid = d.refobjid and own.deptype in ('a', 'i'))
  order by 1`

/** @throws PartitionInUseError when views or other objects use a partition by its own name */
export async function refuseUsers(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(FIND_USERS, [name])
  if (rows.length === 0) return
  throw new PartitionInUseError(`drop what uses it: ${rows.map((row) => row.name).join(', ')}`)
}

/** Counts the rows of a small partition; of a large one, returns what the server has counted. */
async function estimateRows(client: pg.Client, name: string): Promise<number | undefined> {
  const { rows } = await client.query<{ bytes: number; rows: number }>(
    `select pg_relation_size(oid)::float8 as bytes,
       greatest(reltuples, pg_stat_get_live_tuples(oid))::float8 as rows
     from pg_class where oid = $1::regclass`,
    [name],
  )
  const [known] = rows
  if (known === undefined) return undefined
  // Without statistics, both are 0 or less.
  if (known.bytes > COUNTED_BYTES) return known.rows > 0 ? known.rows : undefined
  return await countRows(client, name)
}

export async function countRows(client: pg.Client, name: string): Promise<number | undefined> {
  const { rows } = await client.query<{ rows: number }>(
    `select count(*)::float8 as rows from only ${name}`,
  )
  return rows[0]?.rows
}

/** A partition whose dropping was begun and cut short. */
interface UnfinishedDrop {
  readonly name: string
  readonly isDetached: boolean
}

/** Finds the partitions that an earlier run marked, but did not detach or drop. */
export async function listUnfinished(client: pg.Client): Promise<readonly UnfinishedDrop[]> {
  const { rows } = await client.query<UnfinishedDrop>(
    `select c.oid::regclass::text as name, i.inhrelid is null as "isDetached"
     from pg_class c left join pg_inherits i on i.inhrelid = c.oid
     where c.relkind = 'r' and c.relnamespace = (
         select relnamespace from pg_class where oid = 'flows'::regclass)
       and obj_description(c.oid, 'pg_class') = $1
       and (i.inhdetachpending or i.inhrelid is null)`,
    [DOOMED],
  )
  return rows
}

/** Detaches and drops a partition that an earlier run marked. */
export async function finishDropping(
  client: pg.Client,
  { name, isDetached }: UnfinishedDrop,
): Promise<void> {
  if (!isDetached) await client.query(`alter table flows detach partition ${name} finalize`)
  await client.query(`drop table ${name}`)
}
