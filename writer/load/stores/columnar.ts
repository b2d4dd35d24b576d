/**
 * Makes partitions of `flows` columnar, with the access method of the extension citus_columnar: a sixth
 * of the bytes.
 */

import type pg from 'pg'
import type { Compressible, Compression } from './flow-store.ts'
import { runShortly } from './run-shortly.ts'

const COLUMNAR = 'columnar'

const HAS_COLUMNAR = `
  select exists (select from pg_am where amname = '${COLUMNAR}' and amtype = 't') as found`

/** Partitions that ended `$1` days ago and are not columnar yet; the newest first. */
const NEXT_PARTITION = `
  select partition::text as name, total_bytes::float8 as bytes, (count(*) over ())::float8 as waiting
  from flow_partitions
  join pg_class as child on child.oid = partition
  where until <= now() - $1 * interval '1 day'
    and access_method <> '${COLUMNAR}' and child.relkind = 'r'
    and not is_building
    and pg_has_role(child.relowner, 'usage')
  order by since desc limit 1`

/**
 * The indexes that the writer has built on the partition `$1`. A row of a columnar table is read with
 * thousands of others, so the planner does not use them: two btrees would be a third of its bytes.
 */
const USELESS_INDEXES = `
  select indexrelid::regclass::text as index
  from pg_index join pg_class on pg_class.oid = indexrelid
  where indrelid = $1::regclass and relname ~ '_(src_addr|dst_addr|addresses|nat)_idx$'
    and not exists (select from pg_inherits where inhrelid = indexrelid)`

/** Makes one partition columnar, in a transaction. */
export type ChangeMethod = (client: pg.Client, name: string) => Promise<void>

const changeHere: ChangeMethod = async (client, name) => {
  const { rows } = await client.query<{ index: string }>(USELESS_INDEXES, [name])
  await runShortly(client, [
    // The lock comes first: the conversion may take long, and waits for nobody then.
    `lock table ${name} in access exclusive mode`,
    ...rows.map(({ index }) => `drop index if exists ${index}`),
    `alter table ${name} set access method ${COLUMNAR}`,
  ])
}

export function columnarCompression(change: ChangeMethod = changeHere): Compression {
  return {
    format: COLUMNAR,
    async findObstacle(client) {
      const { rows } = await client.query(HAS_COLUMNAR)
      return rows[0]?.found
        ? undefined
        : 'the database has no access method columnar: "create extension citus_columnar"'
    },
    async findNext(client, afterDays) {
      const { rows } = await client.query<Compressible>(NEXT_PARTITION, [afterDays])
      return rows[0]
    },
    compress: change,
  }
}
