/**
 * Finds the collector's port, the writer's database and the page for the demonstration, by the same
 * settings that these processes read.
 */

import { join } from 'node:path'
import pg from 'pg'
import { readCollectorSettings } from '../../collector/config.ts'
import { readWebSettings } from '../../console/web/config.ts'
import { SettingsError } from '../../shared/settings.ts'
import { spellOutVerification } from '../../writer/load/database/tls.ts'
import { DATABASE_NAME, DATABASE_USER } from '../postgres/cluster.ts'
import { findRunningServer } from '../postgres/postmaster-file.ts'
import { DATA_DIR, readLauncherSettings } from '../settings.ts'

/** No database, or none of this program; `code` is `NO_DATABASE`. */
export class NoDatabaseError extends Error {
  readonly code = 'NO_DATABASE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'NoDatabaseError'
  }
}

interface DemoTarget {
  /** The collector's address and first port. */
  readonly host: string
  readonly port: number
  readonly database: pg.ClientConfig
  /** The command that opens the database, without a password. */
  readonly psqlCommand: string
}

/**
 * Finds collector and database by the settings.
 *
 * @throws SettingsError that lists every problem
 * @throws NoDatabaseError when no database is named and no embedded server runs
 */
export async function findTarget(environment: NodeJS.ProcessEnv): Promise<DemoTarget> {
  const { databaseUrl } = readLauncherSettings(environment)
  const { NETFLOW_HOST, NETFLOW_PORT } = readCollectorSettings(environment)
  const port = NETFLOW_PORT[0] ?? 0
  if (port === 0) {
    throw new SettingsError(['NETFLOW_PORT=0: name the port that the collector says it listens on'])
  }
  const database = await findDatabase(databaseUrl)
  const psqlCommand = describePsql(new pg.Client(database))
  return { host: reachableAddress(NETFLOW_HOST), port, database, psqlCommand }
}

/** How long the page may take to answer. */
const PAGE_DEADLINE_MS = 2_000

/**
 * Finds the page by the settings.
 *
 * @returns its URL; undefined where no healthy page answers
 */
export async function findPage(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { WEB_HOST, WEB_PORT, WEB_TLS_CERT } = readWebSettings(environment)
  if (WEB_PORT === 0) return undefined
  const host = reachableAddress(WEB_HOST)
  const place = host.includes(':') ? `[${host}]` : host
  const url = `${WEB_TLS_CERT ? 'https' : 'http'}://${place}:${WEB_PORT}/`
  try {
    const answer = await fetch(`${url}healthz`, { signal: AbortSignal.timeout(PAGE_DEADLINE_MS) })
    const health = (await answer.json()) as { healthy?: unknown }
    return health.healthy === true ? url : undefined
  } catch {
    return undefined
  }
}

/** A process that listens on every address is reached by loopback. */
function reachableAddress(host: string): string {
  return host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host
}

async function findDatabase(databaseUrl: string | undefined): Promise<pg.ClientConfig> {
  const connectionTimeoutMillis = 10_000
  if (databaseUrl) {
    return { connectionString: spellOutVerification(databaseUrl), connectionTimeoutMillis }
  }
  const server = await findRunningServer(join(DATA_DIR, 'postgres'))
  if (!server) {
    throw new NoDatabaseError(`no database: none runs in ${DATA_DIR}, and DATABASE_URL is not set`)
  }
  const place = { host: server.socketDir, port: server.port, ssl: false }
  return { ...place, user: DATABASE_USER, database: DATABASE_NAME, connectionTimeoutMillis }
}

function describePsql({ host, port, user = '', database = '' }: pg.Client): string {
  const words = ['psql', '-h', host, '-p', String(port), '-U', user, database]
  return words.map(quoteForShell).join(' ')
}

function quoteForShell(word: string): string {
  return /^[\w./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/**
 * Opens the database and checks that it has the tables.
 *
 * @throws NoDatabaseError
 */
export async function openDatabase({ database, psqlCommand }: DemoTarget): Promise<pg.Client> {
  const client = new pg.Client(database)
  // A lost connection also rejects the waiting query.
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
