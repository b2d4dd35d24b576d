/**
 * Logs problems with single datagrams: one line a minute for each exporter and reason, for at most
 * 50 exporters a reason. Muted lines are counted and reported.
 */

import { LogThrottle } from '../../shared/log-throttle.ts'
import type { Logger } from '../../shared/logger.ts'
import { quoteText } from '../../shared/quoted-text.ts'

const PERIOD_MS = 60_000
/** More addresses are likely spoofed; the tables have all counts. */
const MAX_EXPORTERS_PER_REASON = 50

/** Key and value pairs of a log line. */
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
   * @param exporter any text; it is quoted
   * @param message one of a closed set of texts that name problem and remedy; the throttle counts
   *   by it
   */
  warn(nowMs: number, exporter: string, message: string, facts: Facts): void {
    const quoted = quoteText(exporter)
    const muted = this.#admit(nowMs, quoted, message, 'warn')
    if (muted) this.#logger.warn({ exporter: quoted, ...facts, ...muted }, message)
  }

  /** Writes an informational line, throttled the same way. */
  info(nowMs: number, exporter: string, message: string, facts: Facts): void {
    const quoted = quoteText(exporter)
    const muted = this.#admit(nowMs, quoted, message, 'info')
    if (muted) this.#logger.info({ exporter: quoted, ...facts, ...muted }, message)
  }

  /** Logs the counts of muted lines that no later line reports. Call it often, and at the end. */
  logMuted(nowMs: number): void {
    for (const [message, { level, throttle }] of this.#reasons) {
      for (const { key, muted } of throttle.takeMuted(nowMs)) {
        const exporter = key ?? 'others'
        this.#logger[level]({ exporter, muted }, `muted lines: ${message}`)
      }
    }
  }

  /** Returns undefined for a muted line, else the facts about the lines muted before it. */
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
