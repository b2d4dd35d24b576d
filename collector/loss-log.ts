/** Logs when a count of lost datagrams grows, and when it has stopped; at most once a period. */

import { LogThrottle } from '../shared/log-throttle.ts'
import type { Logger } from '../shared/logger.ts'

interface LossLogOptions {
  readonly logger: Logger
  /** Names the loss, its cause and its remedy. */
  readonly message: string
  /** Logs the end of the loss. */
  readonly recovered: string
  /** Default 10,000. */
  readonly periodMs?: number
}

/** One look at a count of lost datagrams. */
interface Observation {
  /** All losses since the start. */
  readonly total: number
  /** Whether the cause of the loss seems over. */
  readonly isCalm: boolean
  /** Milliseconds of any clock. */
  readonly now: number
}

export class LossLog {
  readonly #options: LossLogOptions
  readonly #throttle: LogThrottle
  /** The total that was logged last. */
  #logged = 0
  #last = 0
  /** The total when the present loss began; undefined while the log has no open loss. */
  #since: number | undefined

  constructor(options: LossLogOptions) {
    this.#options = options
    this.#throttle = new LogThrottle(options.periodMs ?? 10_000, 1)
  }

  /** Logs the new losses since the last observation. */
  observe({ total, isCalm, now }: Observation): void {
    const { logger, message, recovered } = this.#options
    if (total > this.#logged && this.#throttle.admit('loss', now)) {
      this.#since ??= this.#logged
      logger.warn({ dropped: total - this.#logged, droppedInTotal: total }, message)
      this.#logged = total
    } else if (isCalm && total === this.#last && this.#since !== undefined) {
      logger.info({ dropped: total - this.#since, droppedInTotal: total }, recovered)
      this.#logged = total
      this.#since = undefined
    }
    this.#last = total
  }
}
