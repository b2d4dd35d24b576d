/**
 * Finds what the demonstration talks to: the collector's port and the writer's database, by the same
 * settings that those processes read. It starts nothing.
 */

import { resolve } from 'node:path'
import pg from 'pg'
import { address, listOf, readSettings, text } from '../shared/settings.ts'
import { DATABASE_NAME, DATABASE_USER } from './cluster.ts'
import { findRunningServer, SOCKET_PORT } from './postmaster-file.ts'

/** No database, or not one of this program; `code` is `NO_DATABASE`. */
export class NoDatabaseError extends Error {
  readonly code = 'NO_DATABASE'

  constructor(what: string, cause?: unknown) {
    super(what, { cause })
    this.name = 'NoDatabaseError'
  }
}

const DEMO_SETTINGS = {
  NETFLOW_HOST: address('::'),
  NETFLOW_PORT: listOf('UDP ports from 1 to 65535', isPort).default(['2055']),
  DATABASE_URL: text(''),
}

export interface DemoTarget {
  /** Address and first port of the collector. */
  readonly host: string
  readonly port: number
  readonly database: pg.ClientConfig
  /** What the user types to open the database; without a password. */
  readonly psqlCommand: string
}

/**
 * Reads where collector and database are.
 *
 * @throws SettingsError that lists every problem
 * @throws NoDatabaseError when no database is named and no embedded server runs
 */
export async function findTarget(environment: NodeJS.ProcessEnv): Promise<DemoTarget> {
  const settings = readSettings(DEMO_SETTINGS, environment)
  const host = reachableAddress(settings.NETFLOW_HOST)
  const port = Number(settings.NETFLOW_PORT[0] ?? 2055)
  const database = await findDatabase(settings.DATABASE_URL, environment)
  return { host, port, database, psqlCommand: describePsql(new pg.Client(database)) }
}

/** Who listens on every address is asked on the loopback one. */
function reachableAddress(host: string): string {
  return host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host
}

async function findDatabase(url: string, environment: NodeJS.ProcessEnv): Promise<pg.ClientConfig> {
  const connectionTimeoutMillis = 10_000
  if (url) return { connectionString: url, connectionTimeoutMillis }
  const isNamed = ['PGHOST', 'PGPORT', 'PGDATABASE'].some((name) => environment[name])
  if (isNamed) return { connectionTimeoutMillis }
  const server = await findRunningServer(resolve('data', 'postgres'))
  if (!server) {
    throw new NoDatabaseError(
      `no database: no server runs in ${resolve('data')}, and no DATABASE_URL`,
    )
  }
  const place = { host: server.socketDir, port: SOCKET_PORT, ssl: false }
  return { ...place, user: DATABASE_USER, database: DATABASE_NAME, connectionTimeoutMillis }
}

function describePsql({ host, port, user, database }: pg.Client): string {
  return `psql -h ${host} -p ${port} -U ${user} ${database}`
}

/**
 * Opens the database and makes sure that the tables are there.
 *
 * @throws NoDatabaseError
 */
export async function openDatabase({ database, psqlCommand }: DemoTarget): Promise<pg.Client> {
  const client = new pg.Client(database)
  // A lost connection also rejects the query that waits for it.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query("select to_regclass('flows') is not null as migrated")
    if (rows[0]?.migrated === true) return client
  } catch (error) {
    await client.end().catch(() => {})
    const reason = error instanceof Error ? error.message || String(error) : String(error)
    throw new NoDatabaseError(`no database (${psqlCommand}): ${reason}`, error)
  }
  await client.end()
  throw new NoDatabaseError(`the database has no tables yet (${psqlCommand})`)
}

function isPort(entry: string): boolean {
  return /^\d{1,5}$/.test(entry) && Number(entry) >= 1 && Number(entry) <= 65_535
}
