/**
 * The table of flows, as the writer uses it. There are three kinds, and each has a file of its own;
 * `store-kind.ts` finds out which one a database has.
 *
 *     partitioned   a partitioned table of PostgreSQL
 *     citus         the same, distributed over the nodes of a Citus cluster
 *     hypertable    a hypertable of TimescaleDB; its chunks are what is called partitions here
 *
 * Loading uses `targets`; the work in the background (`upkeep/`) uses the rest.
 */

import type pg from 'pg'

export type StoreKind = 'partitioned' | 'citus' | 'hypertable'

/** A range of time in Unix milliseconds, without `to`. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** A partition and the range that it covers; a missing bound is infinite. */
export interface Partition extends TimeRange {
  /** As SQL has it, with its schema where `search_path` does not find it. */
  readonly name: string
}

/** The tables that rows are copied into. They are remembered between calls. */
export interface CopyTargets {
  /**
   * Creates the partitions that rows of these hours (since 1970) lack. Must not be called within a
   * transaction.
   *
   * @returns the names of the partitions that were created
   * @throws the database's error
   */
  ensure(client: pg.Client, hours: Iterable<number>): Promise<readonly string[]>
  /** Creates the partitions that rows of the present and the next interval need. */
  ensureAhead(client: pg.Client, nowMs: number): Promise<readonly string[]>
  /**
   * Finds the one partition that all rows of these hours belong to, and that COPY may name. Undefined:
   * COPY goes through `flows`.
   */
  find(hours: Iterable<number>): string | undefined
  /** Makes `find` find nothing any more: the writer has no right to copy into partitions. */
  avoid(): void
  /** Forgets the partitions that are known, since somebody may have dropped one. */
  forget(): void
}

/** Lists and drops partitions. All of it is called on a connection that is in no transaction. */
export interface Disposal {
  /** Lists all partitions; a default partition has no bounds. */
  list(client: pg.Client): Promise<readonly Partition[]>
  /** Returns the rows of one partition, for the FROM of a question. */
  rowsOf(partition: Partition): string
  /**
   * Drops a partition while others load and read.
   *
   * @param defaultPartition the name of the default partition; undefined: there is none
   * @returns about how many rows it had; undefined: nobody knows
   * @throws PartitionInUseError when somebody has to act first, else the database's error
   */
  drop(
    client: pg.Client,
    partition: Partition,
    defaultPartition: string | undefined,
  ): Promise<number | undefined>
}

/** A partition that may be compressed, and how many there are. */
export interface Compressible {
  readonly name: string
  readonly bytes: number
  readonly waiting: number
}

/** Makes closed partitions smaller. */
export interface Compression {
  /** What a partition becomes, in the words of the log: `columnar`, `compressed`. */
  readonly format: string
  /** Returns why nothing can be compressed, and what to do; undefined: partitions can be. */
  findObstacle(client: pg.Client): Promise<string | undefined>
  /** Finds the newest uncompressed partition that ended `afterDays` ago or earlier. */
  findNext(client: pg.Client, afterDays: number): Promise<Compressible | undefined>
  /**
   * Compresses one partition, in a transaction of its own. Waits for its readers up to 2 s: everyone
   * who asks for it meanwhile waits, too.
   *
   * @throws the database's error
   */
  compress(client: pg.Client, name: string): Promise<void>
}

/** An index to build. */
export interface IndexOrder {
  /** Of the index; without its schema. */
  readonly name: string
  /** The partition. */
  readonly table: string
  /** The statement after `using`. */
  readonly how: string
  /** An earlier build of this name was cut short. */
  readonly isBroken: boolean
}

/** Builds indexes on partitions while others load and read. */
export interface Indexing {
  build(client: pg.Client, order: IndexOrder): Promise<void>
}

/** The table of flows. */
export interface FlowStore {
  readonly kind: StoreKind
  readonly targets: CopyTargets
  readonly disposal: Disposal
  readonly compression: Compression
  /** Undefined: partitions get no indexes of their own. */
  readonly indexing: Indexing | undefined
}
