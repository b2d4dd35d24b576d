/** The logger of a process: JSON lines, or readable lines on a terminal. */

import { createRequire } from 'node:module'
import { pino, stdTimeFunctions } from 'pino'
import { serializeError } from './logged-error.ts'

export type { Logger } from 'pino'

type PinoPretty = typeof import('pino-pretty')

/** Long facts, which a terminal would wrap over several lines; the log in JSON has them. */
const NOT_ON_TERMINALS =
  'pid,hostname,problems,migrations,journalId,position,receiveBufferBytes,by,code'

/** The level of the usual lines of a start: at a terminal, one line of each process is enough. */
export const START_LEVEL = process.stdout.isTTY ? 'debug' : 'info'

/**
 * Creates a logger that writes to standard output at once: no line is lost when the process ends.
 *
 * @param name the process, shown in each line
 * @param level the lowest level to write
 */
export function createLogger(name: string, level: string) {
  const options = {
    name,
    level,
    base: { name, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    // `err` is an expected error, `fault` a mistake of this program.
    serializers: { err: serializeError, fault: serializeError },
  }
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: true }))
  // Loaded only here: this takes a tenth of a start, and a process without a terminal does not need
  // it.
  const pretty = createRequire(import.meta.url)('pino-pretty') as PinoPretty
  return pino(
    options,
    pretty({
      sync: true,
      singleLine: true,
      ignore: NOT_ON_TERMINALS,
      errorLikeObjectKeys: ['fault'],
      translateTime: "SYS:yyyy-mm-dd'T'HH:MM:sso",
    }),
  )
}
