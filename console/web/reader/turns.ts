/** Limits how many questions run at once, and how many wait for their turn. */

import { ApiError } from '../api/api-error.ts'

const RETRY_AFTER_SECONDS = 2

export class Turns {
  readonly #atOnce: number
  readonly #inAll: number
  readonly #queue: (() => void)[] = []
  #running = 0
  #refused = 0

  /** @param inAll running and waiting together; further ones are refused */
  constructor(atOnce: number, inAll: number) {
    this.#atOnce = atOnce
    this.#inAll = inAll
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.length
  }

  get refused(): number {
    return this.#refused
  }

  /**
   * Waits for a turn.
   *
   * @returns ends the turn; called once
   * @throws ApiError `busy` when too many wait, or when the signal aborts meanwhile
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1
      return this.#release
    }
    if (this.#running + this.#queue.length >= this.#inAll) {
      this.#refused += 1
      throw new ApiError('busy', `${this.#inAll} questions are being answered: try again soon`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    }
    await this.#wait(signal)
    return this.#release
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        const index = this.#queue.indexOf(go)
        if (index !== -1) this.#queue.splice(index, 1)
        reject(new ApiError('busy', 'nobody waits for this answer any more'))
      }
      const go = () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      if (signal.aborted) onAbort()
      else {
        signal.addEventListener('abort', onAbort, { once: true })
        this.#queue.push(go)
      }
    })
  }

  /** The next in the queue takes over this turn. */
  readonly #release = (): void => {
    const next = this.#queue.shift()
    if (next) next()
    else this.#running -= 1
  }
}
