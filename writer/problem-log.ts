/**
 * Logs what goes wrong with single datagrams: one line per exporter and reason a minute, with the
 * count of what was muted in between. It decides nothing.
 */

import { LogThrottle } from '../shared/log-throttle.ts'
import type { Logger } from '../shared/logger.ts'

/** Facts of a log line. */
export type Facts = Readonly<Record<string, unknown>>

export class ProblemLog {
  readonly #logger: Logger
  readonly #throttle = new LogThrottle()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * Writes a warning unless one of the same exporter and reason was written within a minute.
   *
   * @param nowMs milliseconds of any steady clock
   * @param message what is wrong and what is done about it; also the reason that is throttled by
   */
  warn(nowMs: number, exporter: string, message: string, facts: Facts): void {
    const verdict = this.#throttle.admit(`${exporter} ${message}`, nowMs)
    if (!verdict) return
    const { muted } = verdict
    this.#logger.warn({ exporter, ...facts, ...(muted > 0 ? { muted } : {}) }, message)
  }
}
