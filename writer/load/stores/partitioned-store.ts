/** `flows` as a partitioned table of PostgreSQL. */

import { columnarCompression } from './columnar.ts'
import { dropPartition } from './drop-partition.ts'
import type { Disposal, FlowStore, Indexing } from './flow-store.ts'
import { listPartitions, type PartitionInterval, Partitions } from './partitions.ts'

export const PARTITION_DISPOSAL: Disposal = {
  list: listPartitions,
  rowsOf: ({ name }) => `only ${name}`,
  drop: dropPartition,
}

export const CONCURRENT_INDEXING: Indexing = {
  async build(client, { name, table, how, isBroken }) {
    if (isBroken) await client.query(`drop index concurrently if exists ${name}`)
    // In a cluster, somebody at another node may have built it.
    await client.query(`create index concurrently if not exists ${name} on ${table} using ${how}`)
  },
}

export function partitionedStore(interval: PartitionInterval): FlowStore {
  return {
    kind: 'partitioned',
    targets: new Partitions(interval),
    disposal: PARTITION_DISPOSAL,
    compression: columnarCompression(),
    indexing: CONCURRENT_INDEXING,
  }
}
