/** Reads how large partitions of `flows` are on disk, with their indexes and on all nodes. */

import type pg from 'pg'

const BYTES = `
  select partition::text as name, total_bytes::float8 as bytes from flow_partitions`

interface PartitionBytes {
  readonly name: string
  readonly bytes: number
}

/** Reads the bytes of all partitions, by name. */
export async function readAllBytes(client: pg.Client): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<PartitionBytes>(BYTES)
  return new Map(rows.map(({ name, bytes }) => [name, bytes]))
}

/** Reads the bytes of one partition; 0: there is none of this name. */
export async function readBytes(client: pg.Client, name: string): Promise<number> {
  const { rows } = await client.query<PartitionBytes>(
    `${BYTES} where partition = to_regclass($1)`,
    [name],
  )
  return rows[0]?.bytes ?? 0
}
