/**
 * `flows` as a partitioned table that is distributed over the nodes of a Citus cluster. The session may
 * be at the coordinator or at any other node.
 */

import type pg from 'pg'
import { columnarCompression } from './columnar.ts'
import { type RunChanges, runHere, runThere } from './coordinator.ts'
import { COUNTED_BYTES, countRows, refuseUsers } from './drop-partition.ts'
import type { Disposal, FlowStore, Indexing } from './flow-store.ts'
import { readBytes } from './partition-bytes.ts'
import { CONCURRENT_INDEXING } from './partitioned-store.ts'
import {
  type CreatePartition,
  listPartitions,
  PARTITION_LOCK,
  type PartitionInterval,
  Partitions,
} from './partitions.ts'

const HERE = `
  select citus_is_coordinator() as "isCoordinator", quote_ident(nspname) as schema
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where pg_class.oid = 'flows'::regclass`

interface Place {
  readonly isCoordinator: boolean
  /** Of `flows`: the coordinator's `search_path` may lead elsewhere. */
  readonly schema: string
}

export async function citusStore(
  client: pg.Client,
  interval: PartitionInterval,
): Promise<FlowStore> {
  const { rows } = await client.query<Place>(HERE)
  const { isCoordinator, schema } = rows[0] as Place
  const run = isCoordinator ? runHere : runThere
  const nameOf = (name: string) => (name.includes('.') ? name : `${schema}.${name}`)
  return {
    kind: 'citus',
    targets: isCoordinator
      ? new Partitions(interval)
      : new Partitions(interval, createThere(schema)),
    disposal: disposalBy(run, nameOf),
    compression: columnarCompression((client, name) =>
      run(client, [
        `lock table ${nameOf(name)} in access exclusive mode`,
        `alter table ${nameOf(name)} set access method columnar`,
      ]),
    ),
    indexing: isCoordinator ? CONCURRENT_INDEXING : plainIndexing(schema),
  }
}

/** The lock is the coordinator's: writers there take the same one. */
function createThere(schema: string): CreatePartition {
  return (client, { name, from, to }) =>
    runThere(client, [
      `select pg_advisory_xact_lock(${PARTITION_LOCK}, '${schema}.flows'::regclass::oid::integer)`,
      // Another writer may have made it while this one waited for the lock.
      `do $make$ begin
         if exists (select from pg_inherits where inhrelid = to_regclass('${schema}.${name}')) then
           return;
         end if;
         create table ${schema}.${name} (like ${schema}.flows including all);
         alter table ${schema}.flows attach partition ${schema}.${name}
           for values from ('${from}') to ('${to}');
       end $make$`,
    ])
}

/** Citus cannot detach concurrently: whoever loads or reads waits as long as this waits for its locks. */
function disposalBy(run: RunChanges, nameOf: (name: string) => string): Disposal {
  return {
    list: listPartitions,
    rowsOf: ({ name }) => `only ${name}`,
    async drop(client, { name }) {
      await refuseUsers(client, name)
      const rows = await countFewRows(client, name)
      await run(client, [
        `alter table ${nameOf('flows')} detach partition ${nameOf(name)}`,
        `drop table ${nameOf(name)}`,
      ])
      return rows
    },
  }
}

async function countFewRows(client: pg.Client, name: string): Promise<number | undefined> {
  return (await readBytes(client, name)) > COUNTED_BYTES ? undefined : await countRows(client, name)
}

/**
 * A worker node cannot have an index built concurrently: the coordinator would wait for the very
 * session that asks. Until it is built, the partition can be read, but not loaded.
 */
function plainIndexing(schema: string): Indexing {
  return {
    async build(client, { name, table, how, isBroken }) {
      const drop = `drop index if exists ${schema}.${name}`
      const qualified = table.includes('.') ? table : `${schema}.${table}`
      await runThere(client, [
        ...(isBroken ? [drop] : []),
        `create index if not exists ${name} on ${qualified} using ${how}`,
      ])
    },
  }
}
