/** Brings the tables up to date with `migrations/`. Several processes may do so at once. */

import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import {
  closeClient,
  connectDatabase,
  connectionConfig,
  DatabaseError,
  requireUtf8,
} from './connection.ts'
import { describeError } from './sql-state.ts'

/** Relative to the built file in `dist/writer/load/database`. */
const MIGRATIONS = fileURLToPath(new URL('../../../../migrations', import.meta.url))

/** The direction, and the number of migrations. */
export interface MigrationTarget {
  readonly direction: 'up' | 'down'
  readonly count: number
}

const ALL_UP: MigrationTarget = { direction: 'up', count: Number.POSITIVE_INFINITY }

/** Whether exactly the migrations of the folder have been run. */
async function isUpToDate(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('pgmigrations') is not null as exists`,
  )
  if (rows[0]?.exists !== true) return false
  const ran = await client.query<{ name: string }>('select name from pgmigrations')
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql'))
  const found = ran.rows.map(({ name }) => `${name}.sql`)
  return files.sort().join() === found.sort().join()
}

/**
 * Runs the pending migrations, all in one transaction, under an advisory lock.
 *
 * @param databaseUrl empty: libpq's PG variables
 * @returns the names of the migrations that were run
 * @throws DatabaseError when waiting cannot help, else the database's error
 */
export async function migrateDatabase(
  databaseUrl: string,
  logger: Logger,
  target: MigrationTarget = ALL_UP,
): Promise<readonly string[]> {
  const { query_timeout: _, ...config } = connectionConfig(databaseUrl)
  let isLost = false
  // A client of the runner's own has no listener: a lost connection would end the process.
  const client = await connectDatabase(config, () => {
    isLost = true
  })
  try {
    await requireUtf8(client)
    if (target.direction === 'up' && (await isUpToDate(client))) return []
    // Its import takes longer than all else here, and most starts have nothing to migrate.
    const { runner } = await import('node-pg-migrate')
    // A migration may run long, and wait long for another process.
    await client.query('set statement_timeout = 0; set lock_timeout = 0')
    const ran = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      // Beside the migrations lies the document that explains their tables.
      ignorePattern: '.*(?<!\\.sql)',
      migrationsTable: 'pgmigrations',
      direction: target.direction,
      count: target.count,
      // Not the runner's default: a failure would leave half of the migrations.
      singleTransaction: true,
      advisoryLockMode: 'wait',
      log: (text) => logger.debug(text),
    })
    const names = ran.map(({ name }) => name)
    if (names.length > 0) {
      const text = `migrated the database ${target.direction} by ${names.length} steps`
      logger.info({ migrations: names }, text)
    }
    return names
  } catch (error) {
    // The runner wraps some errors of the server in its own, which carry no SQLSTATE.
    if (isLost || error instanceof DatabaseError) throw error
    if (describeError(error).sqlState !== '') throw error
    const [reason] = String(error).split('\n')
    throw new DatabaseError(
      `the tables cannot be brought up to date: ${reason}; does the role own them?`,
      error,
    )
  } finally {
    await closeClient(client)
  }
}
