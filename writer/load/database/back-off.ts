/** How long to wait between attempts at something that fails again and again. */

import { setTimeout as sleep } from 'node:timers/promises'

interface BackOffOptions {
  readonly firstMs: number
  readonly longestMs: number
}

/** Doubles the wait after each failure, up to the longest one. */
export class BackOff {
  readonly #options: BackOffOptions
  #fullMs: number

  constructor(options: BackOffOptions) {
    this.#options = options
    this.#fullMs = options.firstMs
  }

  /**
   * Returns how long to wait after another failure, in milliseconds. Half of the wait is random, so
   * that those who failed together do not try again together.
   *
   * @param random from 0 up to 1
   */
  nextMs(random = Math.random()): number {
    const fullMs = this.#fullMs
    this.#fullMs = Math.min(fullMs * 2, this.#options.longestMs)
    return fullMs * (0.5 + random / 2)
  }

  /** Begins with the first wait again, after a success. */
  reset(): void {
    this.#fullMs = this.#options.firstMs
  }

  /**
   * Waits after another failure.
   *
   * @throws the reason of `signal` as soon as it aborts
   */
  async wait(signal: AbortSignal): Promise<void> {
    await sleep(this.nextMs(), undefined, { signal }).catch(() => {
      // Only the signal ends a sleep early; the next line throws its reason.
    })
    signal.throwIfAborted()
  }
}
