/** Looks what kind of table `flows` is. */

import type pg from 'pg'
import { DatabaseError } from '../database/connection.ts'
import { citusStore } from './citus-store.ts'
import type { FlowStore, StoreKind } from './flow-store.ts'
import { hypertableStore } from './hypertable-store.ts'
import { partitionedStore } from './partitioned-store.ts'
import type { PartitionInterval } from './partitions.ts'

/** The catalogs of the extensions are asked for by name: where they are missing, that is an answer, too. */
const FACTS = `
  select relkind = 'p' as "isPartitioned",
    to_regclass('pg_dist_partition') is not null as "hasCitus",
    to_regclass('_timescaledb_catalog.hypertable') is not null as "hasTimescale"
  from pg_class where oid = 'flows'::regclass`

const IS_DISTRIBUTED = `
  select exists (
    select from pg_dist_partition where logicalrelid = 'flows'::regclass and partmethod = 'h'
  ) as found`

const IS_HYPERTABLE = `
  select exists (
    select from _timescaledb_catalog.hypertable
    where table_name = 'flows' and schema_name = (
      select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where pg_class.oid = 'flows'::regclass)
  ) as found`

interface Facts {
  readonly isPartitioned: boolean
  readonly hasCitus: boolean
  readonly hasTimescale: boolean
}

/** @throws DatabaseError when `flows` is a table that the writer cannot use */
export async function findKind(client: pg.Client): Promise<StoreKind> {
  const { rows } = await client.query<Facts>(FACTS)
  const [facts] = rows
  if (facts?.isPartitioned) {
    return facts.hasCitus && (await isTrue(client, IS_DISTRIBUTED)) ? 'citus' : 'partitioned'
  }
  if (facts?.hasTimescale && (await isTrue(client, IS_HYPERTABLE))) return 'hypertable'
  throw new DatabaseError(
    'flows is neither a partitioned table nor a hypertable: old flows could not be dropped; see ' +
      'writer/STORES.md',
  )
}

async function isTrue(client: pg.Client, question: string): Promise<boolean> {
  return (await client.query<{ found: boolean }>(question)).rows[0]?.found === true
}

/**
 * Finds the store that the tables of a database make. The tables must be up to date.
 *
 * @throws DatabaseError when `flows` is a table that the writer cannot use
 */
export async function findStore(
  client: pg.Client,
  interval: PartitionInterval,
): Promise<FlowStore> {
  switch (await findKind(client)) {
    case 'partitioned':
      return partitionedStore(interval)
    case 'citus':
      return await citusStore(client, interval)
    case 'hypertable':
      return hypertableStore(interval)
  }
}
