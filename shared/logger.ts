/** Makes the process logger: JSON lines, or pretty ones on a terminal. */

import { pino } from 'pino'
import pretty from 'pino-pretty'

export type { Logger } from 'pino'

/**
 * Makes a logger that writes to standard output at once (nothing is lost when the process ends).
 *
 * @param name the process, shown in each line
 * @param level the lowest level that is written
 */
export function createLogger(name: string, level: string) {
  const options = { name, level, base: { name, pid: process.pid } }
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: true }))
  return pino(
    options,
    pretty({
      sync: true,
      singleLine: true,
      ignore: 'pid,hostname',
      translateTime: 'HH:MM:ss.l',
    }),
  )
}
