/** Checks whether the embedded server answers, and creates the program's database and the reader in it. */

import pg from 'pg'
import { DATABASE_NAME, DATABASE_USER } from './cluster.ts'
import type { ServerPlace } from './postmaster-file.ts'
import { allowReader } from './reader-login.ts'

// There is no socket yet, nobody listens on it, or the server is starting or stopping.
const NOT_YET = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', '57P03'])
const DUPLICATE_DATABASE = '42P04'

/**
 * Whether the server accepts sessions now.
 *
 * @throws the error of the server or of the system, unless it means "not now"
 */
export async function isServerReady(place: ServerPlace): Promise<boolean> {
  try {
    await withClient(place, 'postgres', async () => {})
    return true
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    if (NOT_YET.has(code ?? '') || message === 'Connection terminated unexpectedly') return false
    throw error
  }
}

/** Creates the database `netflow` when it is missing. */
export async function ensureDatabase(place: ServerPlace): Promise<void> {
  await withClient(place, 'postgres', async (client) => {
    const known = await client.query('select from pg_database where datname = $1', [DATABASE_NAME])
    if (known.rowCount) return
    await client.query(`create database ${DATABASE_NAME}`).catch((error: { code?: string }) => {
      if (error.code !== DUPLICATE_DATABASE) throw error
    })
  })
}

/** Lets `netflow_reader` read the database `netflow` by a password. */
export async function ensureReader(place: ServerPlace, password: string): Promise<void> {
  await withClient(place, DATABASE_NAME, (client) => allowReader(client, password))
}

async function withClient(
  { socketDir, port }: ServerPlace,
  database: string,
  use: (client: pg.Client) => Promise<void>,
) {
  const client = new pg.Client({
    host: socketDir,
    port,
    user: DATABASE_USER,
    database,
    ssl: false,
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => {}) // Connect or query rejects with the same error.
  try {
    await client.connect()
    await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}
