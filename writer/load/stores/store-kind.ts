/** Finds out what kind of table `flows` is. */

import type pg from 'pg'
import { DatabaseError } from '../database/connection.ts'
import type { StoreKind } from './flow-store.ts'

const IS_PARTITIONED = `
  select relkind = 'p' as found from pg_class where oid = 'flows'::regclass`

// The catalog of an extension is missing in most databases, so it is named only where it exists.
const HAS_CITUS = `select to_regclass('pg_dist_partition') is not null as found`

const IS_DISTRIBUTED = `
  select exists (
    select from pg_dist_partition where logicalrelid = 'flows'::regclass and partmethod = 'h'
  ) as found`

const HAS_TIMESCALE = `
  select to_regclass('_timescaledb_catalog.hypertable') is not null as found`

const IS_HYPERTABLE = `
  select exists (
    select from _timescaledb_catalog.hypertable
    where table_name = 'flows' and schema_name = (
      select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where pg_class.oid = 'flows'::regclass)
  ) as found`

async function isTrue(client: pg.Client, question: string): Promise<boolean> {
  return (await client.query<{ found: boolean }>(question)).rows[0]?.found === true
}

/** Whether the database is in a Citus cluster that `flows` is distributed over. */
export async function isDistributed(client: pg.Client): Promise<boolean> {
  return (await isTrue(client, HAS_CITUS)) && (await isTrue(client, IS_DISTRIBUTED))
}

async function isHypertable(client: pg.Client): Promise<boolean> {
  return (await isTrue(client, HAS_TIMESCALE)) && (await isTrue(client, IS_HYPERTABLE))
}

/** @throws DatabaseError when `flows` is a table that the writer cannot use */
export async function findKind(client: pg.Client): Promise<StoreKind> {
  if (await isTrue(client, IS_PARTITIONED)) {
    return (await isDistributed(client)) ? 'citus' : 'partitioned'
  }
  if (await isHypertable(client)) return 'hypertable'
  throw new DatabaseError(
    'flows is neither a partitioned table nor a hypertable: old flows could not be dropped; see ' +
      'writer/STORES.md',
  )
}
