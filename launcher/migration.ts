/**
 * Migrates the database to the newest schema before the processes start, and waits for a database
 * that is not there yet.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../shared/logger.ts'
import { migrateDatabase } from '../writer/load/database/migrate.ts'

/** The network or the server is absent, or the server is starting, stopping or full. */
const NOT_NOW =
  /^(ECONN\w+|ENOENT|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EAI_AGAIN|EPIPE|08...|57P0[123]|53300)$/
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
      if (!isNotNow(error)) throw error
      logger.warn({ err: error, delayMs }, 'the database cannot be reached; trying again')
      await sleep(delayMs, undefined, { signal })
    }
  }
}

/** The error of a host with several addresses contains an error for each. */
function isNotNow(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isNotNow)
  const { code = '', message = '', cause } = error as Error & { code?: string }
  return (
    NOT_NOW.test(code) ||
    message.startsWith('Connection terminated') ||
    (cause !== undefined && isNotNow(cause))
  )
}
