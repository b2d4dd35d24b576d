/**
 * Makes the partitioned table `flows` a hypertable of TimescaleDB. Its partitions become the first chunks
 * as they are: no row is copied but those of a partition without bounds.
 */

import type pg from 'pg'
import { DatabaseError } from '../database/connection.ts'
import type { Timescale } from './timescale.ts'

/** The name of the partitioned table until it is dropped. */
const OLD = 'flows_partitioned'

/** The writer changes it when PARTITION_INTERVAL is hour. */
const CHUNK_INTERVAL = '1 day'
/**
 * How chunks are compressed: in the order of time, so that an hour can be read alone. The filters cost 4
 * bytes a row on top of 30, and an address is found with an eighth of the work.
 */
const COLUMNSTORE = `
  alter table flows set (timescaledb.enable_columnstore = true, timescaledb.segmentby = '',
    timescaledb.orderby = 'received_at',
    timescaledb.sparse_index = 'bloom(src_addr), bloom(dst_addr)')`

/** A partition of `flows`, as the catalog has it. */
interface FoundPartition {
  readonly name: string
  /** Null: it has no such bound, or takes what belongs to no other partition. */
  readonly since: string | null
  readonly until: string | null
  /** Why it cannot be a chunk; null: it can. */
  readonly obstacle: string | null
}

const PARTITIONS = `
  select inhrelid::regclass::text as name,
    case when isfinite(nullif(bounds[1], 'MINVALUE')::timestamptz) then bounds[1] end as since,
    case when isfinite(nullif(bounds[2], 'MAXVALUE')::timestamptz) then bounds[2] end as until,
    case
      when inhdetachpending then 'is being detached: let the writer finish dropping it'
      when relkind <> 'r' then 'is no plain table: detach it'
      when amname <> 'heap' then 'is ' || amname || ': run "alter table ' || inhrelid::regclass || ' set access method heap"'
    end as obstacle
  from pg_inherits
  join pg_class on pg_class.oid = inhrelid
  left join pg_am on pg_am.oid = relam
  left join lateral regexp_match(pg_get_expr(relpartbound, pg_class.oid),
    'FROM \\(''?([^'')]+)''?\\) TO \\(''?([^'')]+)''?\\)') as bounds on true
  where inhparent = 'flows'::regclass
  order by since, name`

/** Objects that somebody has put on `flows`, and that the new table would lack. */
const ADDITIONS = `
  select 'trigger ' || tgname as name from pg_trigger
  where tgrelid = 'flows'::regclass and not tgisinternal
  union all
  select 'policy ' || polname from pg_policy where polrelid = 'flows'::regclass
  union all
  select 'rule ' || rulename from pg_rewrite where ev_class = 'flows'::regclass
  union all
  select 'publication ' || pubname from pg_publication_rel
  join pg_publication on pg_publication.oid = prpubid where prrelid = 'flows'::regclass
  order by 1`

/** Statements that give the new table the owner, the comment and the rights of the old one. */
const INHERITED = `
  with old as (select * from pg_class where oid = '${OLD}'::regclass),
  rights as (
    select '' as columns, acl.* from old, aclexplode(relacl) as acl where grantee <> relowner
    union all
    select format(' (%I)', attname), acl.*
    from old join pg_attribute on attrelid = old.oid, aclexplode(attacl) as acl
  )
  select format('alter table flows owner to %s', relowner::regrole) as statement from old
  union all
  select format('comment on table flows is %L', obj_description(oid, 'pg_class')) from old
  union all
  select format('grant %s%s on flows to %s%s', privilege_type, columns,
    case grantee when 0 then 'public' else grantee::regrole::text end,
    case when is_grantable then ' with grant option' else '' end) from rights`

const INDEXES = `
  select indexrelid::regclass::text as name, format('%I', left(relname, 50) || '_partitioned') as aside
  from pg_index join pg_class on pg_class.oid = indexrelid where indrelid = 'flows'::regclass`

/** How far it is. */
export interface HypertableProgress {
  readonly partition: string
  readonly done: number
  readonly partitions: number
}

export interface HypertableOptions {
  readonly timescale: Timescale
  /** Called for each partition that has become a chunk. */
  readonly onProgress: (progress: HypertableProgress) => void
}

/** Whether `flows` is a partitioned table, and whether it has a row. */
export async function readFlowsState(
  client: pg.Client,
): Promise<{ isPartitioned: boolean; hasRows: boolean }> {
  const { rows } = await client.query(
    `select relkind = 'p' as "isPartitioned" from pg_class where oid = 'flows'::regclass`,
  )
  if (!rows[0]?.isPartitioned) return { isPartitioned: false, hasRows: false }
  const { rowCount } = await client.query('select from flows limit 1')
  return { isPartitioned: true, hasRows: rowCount !== 0 }
}

/**
 * Makes `flows` a hypertable, within the caller's transaction. Nobody can read or load `flows` until it
 * ends, and the server reads every row once, to see that it belongs into its chunk. Views and functions
 * must not use it any more.
 *
 * @throws DatabaseError that says what is in the way; the database's error
 */
export async function makeHypertable(
  client: pg.Client,
  { timescale, onProgress }: HypertableOptions,
): Promise<void> {
  const { schema } = timescale
  await client.query('lock table flows in access exclusive mode')
  const { rows: partitions } = await client.query<FoundPartition>(PARTITIONS)
  await refuseObstacles(client, partitions)
  const { rows: indexes } = await client.query(INDEXES)
  for (const { name, aside } of indexes) {
    await client.query(`alter index ${name} rename to ${aside}`)
  }
  await client.query(`alter table flows rename to ${OLD}`)
  await client.query(`create table flows (like ${OLD} including all)`)
  const { rows: inherited } = await client.query<{ statement: string }>(INHERITED)
  for (const { statement } of inherited) await client.query(statement)
  await client.query(
    `select ${schema}.create_hypertable('flows',
       ${schema}.by_range('received_at', interval '${CHUNK_INTERVAL}'), create_default_indexes => false)`,
  )
  if (timescale.isComplete) await client.query(COLUMNSTORE)
  const hasBounds = ({ since, until }: FoundPartition) => since !== null && until !== null
  // Rows are copied last: the chunks that TimescaleDB makes for them would be in the way of partitions.
  const ordered = [...partitions.filter(hasBounds), ...partitions.filter((one) => !hasBounds(one))]
  for (const [index, partition] of ordered.entries()) {
    const { name, since, until } = partition
    await client.query(`alter table ${OLD} detach partition ${name}`)
    if (hasBounds(partition)) {
      const slices = JSON.stringify({ received_at: [since, until] })
      const chunk = client.escapeLiteral(name)
      await client.query(`call ${schema}.attach_chunk('flows', ${chunk}, '${slices}')`)
    } else await moveRows(client, name)
    onProgress({ partition: name, done: index + 1, partitions: ordered.length })
  }
  await dropPartitionedTable(client)
}

/** @throws DatabaseError when objects of somebody else use the old table */
async function dropPartitionedTable(client: pg.Client): Promise<void> {
  try {
    await client.query(`drop table ${OLD}`)
  } catch (error) {
    const { code, detail } = error as { code?: string; detail?: string }
    if (code !== '2BP01') throw error
    throw new DatabaseError(
      `flows cannot become a hypertable while others are built on it: ${detail?.replaceAll('\n', ', ')}; ` +
        'save their definitions, drop them, and create them again afterwards',
      error,
    )
  }
}

async function refuseObstacles(
  client: pg.Client,
  partitions: readonly FoundPartition[],
): Promise<void> {
  const obstacles = partitions.filter(({ obstacle }) => obstacle !== null)
  if (obstacles.length > 0) {
    const list = obstacles.map(({ name, obstacle }) => `${name} ${obstacle}`).join('; ')
    throw new DatabaseError(`partitions of flows cannot become chunks of a hypertable: ${list}`)
  }
  const { rows } = await client.query<{ name: string }>(ADDITIONS)
  if (rows.length === 0) return
  throw new DatabaseError(
    `flows has what a hypertable would not have: ${rows.map(({ name }) => name).join(', ')}; drop ` +
      'them, and create them again afterwards',
  )
}

/** Copies the rows of a detached table without bounds, and drops it when all have arrived. */
async function moveRows(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query(`insert into flows select * from ${name}`)
  const { rows } = await client.query<{ rows: string }>(
    `select count(*)::text as rows from ${name}`,
  )
  if (Number(rows[0]?.rows) !== rowCount) {
    throw new DatabaseError(`${rowCount} of ${rows[0]?.rows} rows of ${name} were copied`)
  }
  await client.query(`drop table ${name}`)
}
