/** Describes the machine, the versions and the server settings of a run. */

import { cpus, release, totalmem } from 'node:os'
import type pg from 'pg'

/** Settings of the server that change the figures. */
const SERVER_SETTINGS = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'wal_level',
  'wal_compression',
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'autovacuum',
]

export interface BenchSetup {
  /** Versions and machine, in one line. */
  readonly machine: string
  /** The settings of the server, in one line. */
  readonly serverSettings: string
}

export async function readSetup(client: pg.Client): Promise<BenchSetup> {
  const version = await client.query("select current_setting('server_version') as version")
  const { rows } = await client.query<{ name: string; value: string }>(
    'select name, current_setting(name) as value from pg_settings where name = any ($1) order by 1',
    [SERVER_SETTINGS],
  )
  const cpu = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const versions = `Node.js ${process.version}, PostgreSQL ${version.rows[0]?.version}`
  return {
    machine: `${versions}, ${cpu}, ${memory}, Linux ${release()}`,
    serverSettings: rows.map(({ name, value }) => `${name} ${value}`).join(', '),
  }
}
