/**
 * Migrates the database to the newest schema before the processes start, and waits for a database
 * that is not there yet.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { describeCause } from '../shared/logged-error.ts'
import type { Logger } from '../shared/logger.ts'
import { adviseOn } from '../writer/load/database/advice.ts'
import { DatabaseError } from '../writer/load/database/connection.ts'
import { describeError } from '../writer/load/database/sql-state.ts'
import { migrateDatabase } from '../writer/load/schema/migrate.ts'

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
 * @throws DatabaseError when waiting cannot help, or an AbortError
 */
export async function migrateWhenReachable(options: MigrationOptions): Promise<void> {
  const { databaseUrl, logger, signal } = options
  for (let delayMs = 500; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    signal.throwIfAborted()
    try {
      await migrateDatabase(databaseUrl, logger)
      return
    } catch (error) {
      const advice = adviseOn(error)
      if (advice) throw advice
      if (isUnknownHost(error)) throw new DatabaseError(adviseOnHost(error), error)
      const facts = { ...describeError(error), delayMs }
      logger.warn(facts, 'the database cannot be used yet; trying again')
      await sleep(delayMs, undefined, { signal })
    }
  }
}

/** Whether no DNS server knows the host: then its name is probably misspelt, and waiting is no help. */
function isUnknownHost(error: unknown): boolean {
  return (error as { code?: string }).code === 'ENOTFOUND'
}

function adviseOnHost(error: unknown): string {
  return `the host of the database is not known (${describeCause(error)}): check DATABASE_URL`
}
