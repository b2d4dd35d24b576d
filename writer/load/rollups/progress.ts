/** Logs how far the rollups are while many minutes are left, as after an upgrade or a long outage. */

import type { Logger } from '../../../shared/logger.ts'
import type { Backlog } from './find-work.ts'

/** More minutes than this are worth a line. */
const MANY_MINUTES = 60
const INTERVAL_MS = 60_000

export class RollupProgress {
  readonly #logger: Logger
  #loggedAtMs = Number.NEGATIVE_INFINITY
  #isBehind = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** @param seconds that the job has worked since the start */
  note({ minutes, oldestMs }: Backlog, seconds: number): void {
    const nowMs = performance.now()
    if (minutes <= MANY_MINUTES) {
      if (this.#isBehind) this.#logger.info({ seconds }, 'the rollups have caught up')
      this.#isBehind = false
      return
    }
    this.#isBehind = true
    if (nowMs - this.#loggedAtMs < INTERVAL_MS) return
    this.#loggedAtMs = nowMs
    const oldest = oldestMs === undefined ? undefined : new Date(oldestMs).toISOString()
    this.#logger.info(
      { minutes, oldest, seconds },
      'rollups are being computed; answers read flows until they are there',
    )
  }
}
