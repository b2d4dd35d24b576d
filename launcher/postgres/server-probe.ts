/** Checks whether the embedded server answers, and creates the program's database in it. */

import pg from 'pg'
import { DATABASE_NAME, DATABASE_USER } from './cluster.ts'
import { SOCKET_PORT } from './postmaster-file.ts'

// There is no socket yet, nobody listens on it, or the server is starting or stopping.
const NOT_YET = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', '57P03'])
const DUPLICATE_DATABASE = '42P04'

/**
 * Whether the server accepts sessions now.
 *
 * @throws the error of the server or of the system, unless it means "not now"
 */
export async function isServerReady(socketDir: string): Promise<boolean> {
  try {
    await withClient(socketDir, async () => {})
    return true
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    if (NOT_YET.has(code ?? '') || message === 'Connection terminated unexpectedly') return false
    throw error
  }
}

/** Creates the database `netflow` when it is missing. */
export async function ensureDatabase(socketDir: string): Promise<void> {
  await withClient(socketDir, async (client) => {
    const known = await client.query('select from pg_database where datname = $1', [DATABASE_NAME])
    if (known.rowCount) return
    await client.query(`create database ${DATABASE_NAME}`).catch((error: { code?: string }) => {
      if (error.code !== DUPLICATE_DATABASE) throw error
    })
  })
}

async function withClient(socketDir: string, use: (client: pg.Client) => Promise<void>) {
  const client = new pg.Client({
    host: socketDir,
    port: SOCKET_PORT,
    user: DATABASE_USER,
    database: 'postgres',
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
