/**
 * Migrates the database to the newest schema before the processes start, and waits for a database
 * that is not there yet.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../shared/logger.ts'
import { DatabaseError } from '../writer/load/database/connection.ts'
import { migrateDatabase } from '../writer/load/database/migrate.ts'
import { describeError } from '../writer/load/database/sql-state.ts'

const LONGEST_DELAY_MS = 10_000

interface MigrationOptions {
  readonly databaseUrl: string
  readonly logger: Logger
  /** Ends the waiting. */
  readonly signal: AbortSignal
}

/**
 * Migrates; tries again while the database cannot be reached.
 *
 * @throws the error of a database that was reached and refuses, or an AbortError
 */
export async function migrateWhenReachable(options: MigrationOptions): Promise<void> {
  const { databaseUrl, logger, signal } = options
  for (let delayMs = 500; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    signal.throwIfAborted()
    try {
      await migrateDatabase(databaseUrl, logger)
      return
    } catch (error) {
      const described = describeError(error)
      if (error instanceof DatabaseError || described.kind !== 'retry') throw error
      logger.warn({ ...described, delayMs }, 'the database cannot be used yet; trying again')
      await sleep(delayMs, undefined, { signal })
    }
  }
}
