/**
 * `flows` as a hypertable of TimescaleDB, which makes its chunks by itself. COPY goes through `flows`.
 */

import type pg from 'pg'
import type {
  Compressible,
  Compression,
  CopyTargets,
  Disposal,
  FlowStore,
  Partition,
} from './flow-store.ts'
import type { PartitionInterval } from './partitions.ts'
import { runShortly } from './run-shortly.ts'

/** Where the extension's functions are; `search_path` may not lead there. */
async function homeOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ home: string }>(
    `select quote_ident(nspname) as home
     from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
     where extname = 'timescaledb'`,
  )
  return rows[0]?.home ?? 'public'
}

/** One row if chunks have another length than `$1`. */
const OTHER_INTERVAL = `
  select from timescaledb_information.dimensions
  where hypertable_name = 'flows' and time_interval <> $1::interval and hypertable_schema = (
    select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = 'flows'::regclass)`

/** @param interval of chunks that TimescaleDB makes from now on */
function chunkTargets(interval: PartitionInterval): CopyTargets {
  return {
    ensure: async () => [],
    async ensureAhead(client) {
      const { rowCount } = await client.query(OTHER_INTERVAL, [`1 ${interval}`])
      if (rowCount === 0) return []
      const home = await homeOf(client)
      await client.query(`select ${home}.set_chunk_time_interval('flows', $1::interval)`, [
        `1 ${interval}`,
      ])
      return []
    },
    find: () => undefined,
    avoid() {},
    forget() {},
  }
}

const CHUNKS = `
  select partition::text as name,
    extract(epoch from since)::float8 * 1000 as from, extract(epoch from until)::float8 * 1000 as to
  from flow_partitions order by since`

const CHUNK_DISPOSAL: Disposal = {
  async list(client) {
    return (await client.query<Partition>(CHUNKS)).rows
  },
  // Not ONLY: that would leave out the compressed rows.
  rowsOf: ({ name }) => name,
  async drop(client, chunk) {
    const home = await homeOf(client)
    const [from, to] = [timeOf(chunk.from), timeOf(chunk.to)]
    await runShortly(client, [
      `select ${home}.drop_chunks('flows', older_than => ${to}, newer_than => ${from})`,
    ])
    return undefined
  },
}

/**
 * The newest chunk that ended `$1` days ago and is not compressed, or has many late rows beside compressed
 * ones. Bit 3 of its status says that it has any.
 */
const NEXT_CHUNK = `
  select partition::text as name, total_bytes::float8 as bytes, (count(*) over ())::float8 as waiting
  from flow_partitions
  join pg_class as child on child.oid = partition
  join pg_namespace on pg_namespace.oid = child.relnamespace
  join _timescaledb_catalog.chunk
    on chunk.schema_name = nspname and chunk.table_name = child.relname
  where flow_partitions.until <= now() - $1 * interval '1 day'
    and (access_method <> 'compressed'
      or chunk.status & 8 > 0 and pg_relation_size(partition) > total_bytes / 10)
    and not is_building
    and pg_has_role(child.relowner, 'usage')
  order by flow_partitions.since desc limit 1`

const IS_COMPLETE = `select current_setting('timescaledb.license', true) = 'timescale' as complete`

const CHUNK_COMPRESSION: Compression = {
  format: 'compressed',
  async findObstacle(client) {
    const { rows } = await client.query(IS_COMPLETE)
    return rows[0]?.complete
      ? undefined
      : 'this edition of TimescaleDB compresses nothing: set timescaledb.license = timescale'
  },
  async findNext(client, afterDays) {
    return (await client.query<Compressible>(NEXT_CHUNK, [afterDays])).rows[0]
  },
  async compress(client, name) {
    const home = await homeOf(client)
    // TimescaleDB waits for readers only at its end, where a long reader would make all the work vain:
    // this finds such a reader before.
    await runShortly(client, [`lock table ${name} in access exclusive mode`])
    await runShortly(client, [`select ${home}.compress_chunk(${client.escapeLiteral(name)})`])
  },
}

function timeOf(ms: number): string {
  return `'${new Date(ms).toISOString()}'::timestamptz`
}

export function hypertableStore(interval: PartitionInterval): FlowStore {
  return {
    kind: 'hypertable',
    targets: chunkTargets(interval),
    disposal: CHUNK_DISPOSAL,
    compression: CHUNK_COMPRESSION,
    indexing: undefined,
  }
}
