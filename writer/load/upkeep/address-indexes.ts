/**
 * Builds indexes of addresses on partitions of `flows`, one at a time, while loading and reading go on.
 * They vanish with their partition.
 */

import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import type { Indexing } from '../stores/flow-store.ts'
import { withTableLock } from './table-lock.ts'

/**
 * `closed`: btrees of both addresses on each partition that has ended. `brin`: one BRIN of both
 * addresses on each partition, from its creation. `none`: no index of addresses.
 */
export const INDEX_ADDRESSES = ['closed', 'brin', 'none'] as const
export type IndexAddresses = (typeof INDEX_ADDRESSES)[number]

/** Late rows still come after the end of a partition. */
const SETTLING_TIME = '1 hour'

/** The name of an index is its partition's with this ending; `how` follows `using`. */
interface IndexKind {
  readonly ending: string
  readonly how: string
  /** Whether a partition gets it before it has ended. */
  readonly isEarly: boolean
}

const BTREES: readonly IndexKind[] = ['src_addr', 'dst_addr'].map((column) => ({
  ending: `${column}_idx`,
  how: `btree (${column})`,
  isEarly: false,
}))

/** Measured: 32 pages and 800 values found a rare address 40 times faster, for 1.4 bytes a row. */
const BLOOM: IndexKind = {
  ending: 'addresses_idx',
  how: `brin (src_addr inet_bloom_ops (n_distinct_per_range = 800),
      dst_addr inet_bloom_ops (n_distinct_per_range = 800))
    with (pages_per_range = 32, autosummarize = on)`,
  isEarly: true,
}

const NAT_ADDRESS = `coalesce(extra ->> 'postNATSourceIPv4Address',
  extra ->> 'postNATSourceIPv6Address', extra ->> 'xlateSourceAddressIPv4')`
const NAT_PORT = `coalesce(extra ->> 'postNAPTSourceTransportPort', extra ->> 'xlateSourcePort')`

/** Of the few rows that say something about address translation, for `nat_lookup`. */
const NAT: IndexKind = {
  ending: 'nat_idx',
  how: `btree ((${NAT_ADDRESS}), (${NAT_PORT}), received_at) where ${NAT_ADDRESS} is not null`,
  isEarly: false,
}

const KINDS: Readonly<Record<IndexAddresses, readonly IndexKind[]>> = {
  closed: [...BTREES, NAT],
  brin: [BLOOM, NAT],
  none: [],
}

/** Partial indexes of NAT are only built where an exporter has announced such fields. */
const HAS_NAT = `
  select exists (
    select from templates
    where fields @? 'strict $[*] ? (@[0] == 0 && (@[1] == 225 || @[1] == 281 || @[1] == 40001))'
  ) as found`

/**
 * The next partition without a valid index of the name. Partitions that retention is about to drop are
 * left alone.
 */
const NEXT_PARTITION = `
  select partition::text as name, format('%I', index_name) as "indexName", exists (
      select from pg_class where relname = index_name and relnamespace = child.relnamespace
    ) as "isBroken"
  from flow_partitions
  join pg_class as child on child.oid = partition
  cross join lateral (
    select left(child.relname, 62 - length($1)) || '_' || $1 as index_name
  ) as named
  where (until <= now() - interval '${SETTLING_TIME}' or $2)
    and child.relkind = 'r'
    -- The planner does not use an index of a columnar partition.
    and access_method <> 'columnar'
    and pg_has_role(child.relowner, 'usage')
    and not exists (
      select from pg_class as index join pg_index on indexrelid = index.oid
      where index.relname = index_name and index.relnamespace = child.relnamespace and indisvalid)
  order by since desc limit 1`

/** SQLSTATE. */
const UNDEFINED_TABLE = '42P01'

interface IndexOptions {
  readonly indexing: Indexing
  readonly mode: IndexAddresses
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Builds all indexes that are missing, the newest partition first.
 *
 * @throws the database's error; the next call goes on
 */
export async function buildIndexes(client: pg.Client, options: IndexOptions): Promise<void> {
  const kinds = KINDS[options.mode]
  if (kinds.length === 0) return
  await withTableLock(client, 'index', async () => {
    const { rows } = await client.query(HAS_NAT)
    for (const kind of kinds) {
      if (kind !== NAT || rows[0]?.found) await buildKind(client, kind, options)
    }
  })
}

async function buildKind(
  client: pg.Client,
  kind: IndexKind,
  { indexing, logger, signal }: IndexOptions,
): Promise<void> {
  while (!signal.aborted) {
    const { rows } = await client.query(NEXT_PARTITION, [kind.ending, kind.isEarly])
    const [next] = rows
    if (!next) return
    const startedAt = performance.now()
    try {
      const { indexName: name, name: table, isBroken } = next
      await indexing.build(client, { name, table, how: kind.how, isBroken })
    } catch (error) {
      // Retention has dropped the partition meanwhile.
      if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error
      continue
    }
    const seconds = (performance.now() - startedAt) / 1000
    logger.info(
      { partition: next.name, index: next.indexName, seconds: Math.round(seconds * 10) / 10 },
      'built an index on a partition',
    )
  }
}

/** Prepares a session: a build may take long, uses one core, and ends when this process is gone. */
export async function prepareForIndexes(client: pg.Client): Promise<void> {
  await client.query(`
    set statement_timeout = 0;
    set lock_timeout = 0;
    set max_parallel_maintenance_workers = 0;
    set client_connection_check_interval = '5s'`)
}
