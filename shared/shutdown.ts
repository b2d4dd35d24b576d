/**
 * Runs a process until SIGTERM, SIGINT, or the end of the launcher that forked it, and chooses the
 * exit code.
 */

import { describeCause, isFault, serializeError } from './logged-error.ts'
import type { Logger } from './logger.ts'
import { notifyServiceManager } from './service-notify.ts'
import { SettingsError } from './settings.ts'

export interface Service {
  readonly logger: Logger
  /** Drains and closes everything; called once. */
  stop(): Promise<void>
  /** After this, the process gives up `stop` and exits with 1. */
  readonly stopDeadlineMs: number
}

/** Stops the service at a signal or at the end of the launcher, then ends the process. */
export function stopOnSignals(service: Service): void {
  let stopping = false
  const stop = (reason: string) => {
    if (stopping) return
    stopping = true
    void stopWithinDeadline(service, reason)
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  if (!process.send) return
  process.on('disconnect', () => stop('the launcher is gone'))
  // The launcher may have ended before this process listened.
  if (!process.connected) stop('the launcher is gone')
}

async function stopWithinDeadline(service: Service, reason: string): Promise<void> {
  const { logger, stopDeadlineMs } = service
  logger.info({ reason }, 'stopping')
  notifyServiceManager('STOPPING=1')
  const timer = setTimeout(() => {
    logger.fatal({ stopDeadlineMs }, 'could not stop in time; unfinished work is lost')
    process.exit(1)
  }, stopDeadlineMs)
  try {
    await service.stop()
    clearTimeout(timer)
    logger.info('stopped')
    process.exit(0)
  } catch (error) {
    logger.fatal({ err: error }, 'stopping failed')
    process.exit(1)
  }
}

/** Characters of a warning that the log quotes. */
const MAX_WARNING_LENGTH = 500

/** Writes each warning of Node.js and of libraries as one line of the log. */
function logWarnings(logger: Logger): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning: Error & { readonly code?: string }) => {
    const text = warning.message.replace(/\s+/g, ' ').slice(0, MAX_WARNING_LENGTH)
    logger.warn({ warning: warning.name, code: warning.code }, text)
  })
}

/**
 * Runs `main` and turns its error into one fatal message: exit code 2 for bad settings, 1 for any
 * other error. Only a fault of this program has a stack.
 */
export async function runMain(logger: Logger, main: () => Promise<void>): Promise<void> {
  logWarnings(logger)
  process.on('uncaughtException', (error) => {
    logger.fatal({ fault: error }, 'unexpected error')
    process.exit(1)
  })
  try {
    await main()
  } catch (error) {
    logFatal(logger, error)
    process.exit(error instanceof SettingsError ? 2 : 1)
  }
}

/** Logs the error that ends this process. */
export function logFatal(logger: Logger, error: unknown): void {
  if (error instanceof SettingsError) {
    logger.fatal({ problems: error.problems }, error.message)
  } else if (isFault(error)) {
    logger.fatal({ fault: error }, `unexpected error: ${describeCause(error)}`)
  } else {
    const { code, message, cause } = serializeError(error)
    logger.fatal({ code, cause }, message)
  }
}
