/**
 * `flows` as a hypertable of TimescaleDB, which makes its chunks by itself. COPY goes through `flows`.
 */

import type pg from 'pg'
import type { Compression, CopyTargets, Disposal, FlowStore, Partition } from './flow-store.ts'
import { runShortly } from './run-shortly.ts'

const NO_TARGETS: CopyTargets = {
  ensure: async () => [],
  ensureAhead: async () => [],
  find: () => undefined,
  avoid() {},
  forget() {},
}

/** The chunks; their bounds are of type timestamptz. */
const CHUNKS = `
  select format('%I.%I', chunk_schema, chunk_name) as name,
    extract(epoch from range_start)::float8 * 1000 as from,
    extract(epoch from range_end)::float8 * 1000 as to
  from timescaledb_information.chunks
  where hypertable_name = 'flows' and hypertable_schema = (
      select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where pg_class.oid = 'flows'::regclass)
  order by range_start`

/** With what is compressed. */
const CHUNK_BYTES = `
  select format('%I.%I', chunk_schema, chunk_name) as name, total_bytes::float8 as bytes
  from chunks_detailed_size('flows')`

async function listChunks(client: pg.Client): Promise<readonly Partition[]> {
  return (await client.query<Partition>(CHUNKS)).rows
}

const CHUNK_DISPOSAL: Disposal = {
  list: listChunks,
  async readBytes(client) {
    const { rows } = await client.query<{ name: string; bytes: number }>(CHUNK_BYTES)
    return new Map(rows.map(({ name, bytes }) => [name, bytes]))
  },
  // Through the hypertable: only so compressed rows are read.
  rowsOf: (chunk) =>
    `(select * from flows where received_at >= ${timeOf(chunk.from)} and received_at < ${timeOf(chunk.to)}) as part`,
  async drop(client, chunk) {
    await runShortly(client, [
      `select drop_chunks('flows', older_than => ${timeOf(chunk.to)}, newer_than => ${timeOf(chunk.from)})`,
    ])
    return undefined
  },
  // One transaction drops a chunk, or does not.
  listUnfinished: async () => [],
  async finish() {},
  isBlocked: async () => false,
}

const NO_COMPRESSION: Compression = {
  format: 'compressed',
  findObstacle: async () => 'chunks are compressed by policies of TimescaleDB',
  findNext: async () => undefined,
  compress: async () => 0,
}

function timeOf(ms: number): string {
  return `'${new Date(ms).toISOString()}'::timestamptz`
}

export function hypertableStore(): FlowStore {
  return {
    kind: 'hypertable',
    targets: NO_TARGETS,
    disposal: CHUNK_DISPOSAL,
    compression: NO_COMPRESSION,
    indexing: undefined,
  }
}
