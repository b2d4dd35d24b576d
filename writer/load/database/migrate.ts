/** Brings the tables up to date with `migrations/`. Several processes may do so at once. */

import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'
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
      logger.info({ migrations: names }, `migrated the database ${target.direction}`)
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
