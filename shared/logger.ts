/** The logger of a process: JSON lines, or readable lines on a terminal. */

import { pino } from 'pino'
import pretty from 'pino-pretty'

export type { Logger } from 'pino'

/**
 * Creates a logger that writes to standard output at once: no line is lost when the process ends.
 *
 * @param name the process, shown in each line
 * @param level the lowest level to write
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
