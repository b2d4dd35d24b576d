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
    const muted = this.#admit(nowMs, exporter, message)
    if (muted) this.#logger.warn({ exporter, ...facts, ...muted }, message)
  }

  /** Writes something that is good to know, throttled the same way. */
  info(nowMs: number, exporter: string, message: string, facts: Facts): void {
    const muted = this.#admit(nowMs, exporter, message)
    if (muted) this.#logger.info({ exporter, ...facts, ...muted }, message)
  }

  /** Gives undefined when the line is muted, else what to say about those muted before. */
  #admit(nowMs: number, exporter: string, message: string): Facts | undefined {
    const verdict = this.#throttle.admit(`${exporter} ${message}`, nowMs)
    if (!verdict) return undefined
    return verdict.muted > 0 ? { muted: verdict.muted } : {}
  }
}
