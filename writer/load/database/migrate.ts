/** Brings the tables up to date with `migrations/`; several processes may do so at once. */

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

/** Seen from the built file in `dist/writer/load`. */
const MIGRATIONS = fileURLToPath(new URL('../../../../migrations', import.meta.url))

/** How far to go, and which way. */
export interface MigrationTarget {
  readonly direction: 'up' | 'down'
  readonly count: number
}

const ALL_UP: MigrationTarget = { direction: 'up', count: Number.POSITIVE_INFINITY }

/**
 * Runs the migrations that are due, all in one transaction, under an advisory lock.
 *
 * @param databaseUrl empty: libpq's PG variables
 * @returns the names of those that were run
 * @throws DatabaseError when waiting does not help, else the database's error
 */
export async function migrateDatabase(
  databaseUrl: string,
  logger: Logger,
  target: MigrationTarget = ALL_UP,
): Promise<readonly string[]> {
  const { query_timeout: _, ...config } = connectionConfig(databaseUrl)
  let isLost = false
  // The runner's own client has no listener: a lost connection would end the process.
  const client = await connectDatabase(config, () => {
    isLost = true
  })
  try {
    await requireUtf8(client)
    // A migration may take long, and wait long for another one.
    await client.query('set statement_timeout = 0; set lock_timeout = 0')
    const ran = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      // Beside the migrations lies the document that explains their tables.
      ignorePattern: '.*(?<!\\.sql)',
      migrationsTable: 'pgmigrations',
      direction: target.direction,
      count: target.count,
      // Not the default when run from a program: half a migration would stay.
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
    // The runner hides some errors of the server behind its own, which say no SQLSTATE.
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
