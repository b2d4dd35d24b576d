/**
 * Logs what goes wrong with single datagrams: one line per exporter and reason a minute, and of so
 * many exporters at most, with the count of what was muted. It decides nothing.
 */

import { LogThrottle } from '../../shared/log-throttle.ts'
import type { Logger } from '../../shared/logger.ts'

const PERIOD_MS = 60_000
/** Beyond it the addresses are likely spoofed; the tables have all counts. */
const MAX_EXPORTERS_PER_REASON = 50

/** Facts of a log line. */
export type Facts = Readonly<Record<string, unknown>>

type Level = 'warn' | 'info'

interface Reason {
  readonly level: Level
  /** By exporter. */
  readonly throttle: LogThrottle
}

export class ProblemLog {
  readonly #logger: Logger
  /** By message: a closed set of texts. */
  readonly #reasons = new Map<string, Reason>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * Writes a warning unless one of the same exporter and reason was written within a minute.
   *
   * @param nowMs milliseconds of any steady clock
   * @param message what is wrong and what is done about it, one of a closed set of texts; also the
   *   reason that is throttled by
   */
  warn(nowMs: number, exporter: string, message: string, facts: Facts): void {
    const muted = this.#admit(nowMs, exporter, message, 'warn')
    if (muted) this.#logger.warn({ exporter, ...facts, ...muted }, message)
  }

  /** Writes something that is good to know, throttled the same way. */
  info(nowMs: number, exporter: string, message: string, facts: Facts): void {
    const muted = this.#admit(nowMs, exporter, message, 'info')
    if (muted) this.#logger.info({ exporter, ...facts, ...muted }, message)
  }

  /** Tells how many lines were muted where no later line does; to be called often, and at the end. */
  tellMuted(nowMs: number): void {
    for (const [message, { level, throttle }] of this.#reasons) {
      for (const { key, muted } of throttle.takeMuted(nowMs)) {
        const exporter = key ?? 'others'
        this.#logger[level]({ exporter, muted }, `muted lines: ${message}`)
      }
    }
  }

  /** Gives undefined when the line is muted, else what to say about those muted before. */
  #admit(nowMs: number, exporter: string, message: string, level: Level): Facts | undefined {
    let reason = this.#reasons.get(message)
    if (!reason) {
      reason = { level, throttle: new LogThrottle(PERIOD_MS, MAX_EXPORTERS_PER_REASON) }
      this.#reasons.set(message, reason)
    }
    const verdict = reason.throttle.admit(exporter, nowMs)
    if (!verdict) return undefined
    return verdict.muted > 0 ? { muted: verdict.muted } : {}
  }
}
