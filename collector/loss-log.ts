/**
 * Logs a growing count of lost datagrams, and that it stopped growing, at most once in a period.
 * It counts nothing itself and reads no clock.
 */

import { LogThrottle } from '../shared/log-throttle.ts'
import type { Logger } from '../shared/logger.ts'

interface LossLogOptions {
  readonly logger: Logger
  /** Says what is lost and what to do about it. */
  readonly message: string
  /** Says that it is over. */
  readonly recovered: string
  /** Default 10,000. */
  readonly periodMs?: number
}

export class LossLog {
  readonly #options: LossLogOptions
  readonly #throttle: LogThrottle
  #told = 0
  #last = 0
  /** The total when the present trouble began; nothing while there is none that was told. */
  #since: number | undefined

  constructor(options: LossLogOptions) {
    this.#options = options
    this.#throttle = new LogThrottle(options.periodMs ?? 10_000, 1)
  }

  /**
   * Looks at the total.
   *
   * @param isCalm whether what caused the loss seems over
   * @param now milliseconds of any clock
   */
  observe(total: number, isCalm: boolean, now: number): void {
    const { logger, message, recovered } = this.#options
    if (total > this.#told && this.#throttle.admit('loss', now)) {
      this.#since ??= this.#told
      logger.warn({ dropped: total - this.#told, droppedInTotal: total }, message)
      this.#told = total
    } else if (isCalm && total === this.#last && this.#since !== undefined) {
      logger.info({ dropped: total - this.#since, droppedInTotal: total }, recovered)
      this.#told = total
      this.#since = undefined
    }
    this.#last = total
  }
}
