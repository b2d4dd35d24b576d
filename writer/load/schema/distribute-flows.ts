/**
 * Distributes `flows` over the nodes of a Citus cluster, and makes our other tables known to every node.
 * It may be repeated, for example after an upgrade: it does only what is missing.
 */

import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import { DatabaseError } from '../database/connection.ts'
import { isDistributed } from '../stores/store-kind.ts'
import { actWithoutAnswers } from './answers.ts'

/** Never NULL, and never changes. All flows of an exporter are on one node. */
const DISTRIBUTION_COLUMN = 'exporter'

const FACTS = `
  select to_regclass('pg_dist_partition') is not null as "hasCitus",
    relkind = 'p' as "isPartitioned"
  from pg_class where oid = 'flows'::regclass`

/** Whether this session is at the coordinator, and how many nodes take shards. */
const CLUSTER = `
  select citus_is_coordinator() as "isCoordinator",
    (select count(*)::int from pg_dist_node where isactive and shouldhaveshards) as nodes`

/**
 * The tables that the nodes do not know: those with the schema and the owner of `flows`, except
 * partitions and the tables of extensions.
 */
const UNKNOWN_TABLES = `
  select own.oid::regclass::text as name
  from pg_class as own
  join pg_class as flows on flows.oid = 'flows'::regclass
  where own.relnamespace = flows.relnamespace and own.relowner = flows.relowner
    and own.relkind = 'r' and not own.relispartition
    and not exists (select from pg_dist_partition where logicalrelid = own.oid)
    -- The table of a shard, if this node has shards.
    and not exists (select from pg_dist_shard join pg_class as whole on whole.oid = logicalrelid
      where own.relname = format('%s_%s', whole.relname, shardid))
    and not exists (select from pg_depend
      where classid = 'pg_class'::regclass and objid = own.oid and deptype = 'e')
  order by own.relname`

/**
 * At a worker node, a statement that changes the state reads two tables of the coordinator at once. The
 * coordinator then runs one query inside another, which it allows only to roles with this setting.
 */
const NESTING = 'citus.allow_nested_distributed_execution'

const IS_NESTING_ALLOWED = `
  select exists (
    select from pg_db_role_setting
    where setrole = current_user::regrole and '${NESTING}=on' = any (setconfig)
      and setdatabase = (select oid from pg_database where datname = current_database())
  ) as allowed`

const ALLOW_NESTING = `
  do $$ begin
    execute format('alter role %I in database %I set ${NESTING} = on', current_user, current_database());
  end $$`

/** The changes of one run. */
export interface Distributed {
  readonly isNew: boolean
  /** Tables that every node knows now. */
  readonly tables: readonly string[]
}

/**
 * Distributes the tables. They must be up to date, and no writer may run.
 *
 * @throws DatabaseError that says what to do
 */
export async function distributeTables(client: pg.Client, logger: Logger): Promise<Distributed> {
  await requireCluster(client)
  const isNew = !(await isDistributed(client))
  const tables: string[] = []
  const { rows } = await client.query<{ allowed: boolean }>(IS_NESTING_ALLOWED)
  if (!rows[0]?.allowed) await client.query(ALLOW_NESTING)
  if (!isNew && (await findUnknown(client)) === undefined) return { isNew, tables }
  await actWithoutAnswers(client, async () => {
    if (isNew) {
      logger.info({ column: DISTRIBUTION_COLUMN }, 'distributing flows over the nodes')
      await client.query(`select create_distributed_table('flows', '${DISTRIBUTION_COLUMN}')`)
      // Else the rows that were copied to the nodes stay on the disk here, and nobody sees them.
      await client.query(`select truncate_local_data_after_distributing_table('flows')`)
    }
    for (;;) {
      const next = await findUnknown(client)
      if (next === undefined) break
      // This includes the tables that foreign keys tie to it.
      await client.query(
        `select citus_add_local_table_to_metadata($1::regclass, cascade_via_foreign_keys => true)`,
        [next],
      )
      tables.push(next)
    }
  })
  return { isNew, tables }
}

async function findUnknown(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(UNKNOWN_TABLES)
  return rows[0]?.name
}

async function requireCluster(client: pg.Client): Promise<void> {
  const { rows: facts } = await client.query(FACTS)
  if (!facts[0]?.hasCitus) {
    throw new DatabaseError(
      'the database has no extension citus: "create extension citus" as a superuser, in this ' +
        'database of every node',
    )
  }
  if (!facts[0]?.isPartitioned) {
    throw new DatabaseError('flows is no partitioned table: a hypertable cannot be distributed')
  }
  const { rows } = await client.query(CLUSTER)
  const [cluster] = rows
  if (!cluster?.isCoordinator) {
    throw new DatabaseError('this is a worker node: set DATABASE_URL to the coordinator')
  }
  if (cluster.nodes === 0) {
    throw new DatabaseError(
      `the cluster has no node for shards: "select citus_add_node('NAME', PORT)" for each worker`,
    )
  }
}
