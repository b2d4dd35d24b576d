/** Says on what a run was measured: machine, versions, settings of the server. */

import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import type pg from 'pg'
import type { BenchSizeName } from './sizes.ts'

export interface BenchSetup {
  readonly size: BenchSizeName
  /** ISO 8601. */
  readonly measuredAt: string
  readonly commit: string
  readonly node: string
  readonly cpu: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly postgres: string
  /** Settings of the server that are not its defaults and matter here. */
  readonly serverSettings: Readonly<Record<string, string>>
}

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

export async function readSetup(size: BenchSizeName, client: pg.Client): Promise<BenchSetup> {
  const version = await client.query("select current_setting('server_version') as version")
  const { rows } = await client.query<{ name: string; value: string }>(
    'select name, current_setting(name) as value from pg_settings where name = any ($1) order by 1',
    [SERVER_SETTINGS],
  )
  return {
    size,
    measuredAt: new Date().toISOString(),
    commit: readCommit(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cpus: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    postgres: version.rows[0]?.version,
    serverSettings: Object.fromEntries(rows.map(({ name, value }) => [name, value])),
  }
}

/** Gives one line for people. */
export function describeSetup(setup: BenchSetup): string {
  const { node, postgres, cpus: count, cpu, memoryBytes, kernel } = setup
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`
  return `Node.js ${node}, PostgreSQL ${postgres}, ${count} × ${cpu}, ${memory}, Linux ${kernel}`
}

function readCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
