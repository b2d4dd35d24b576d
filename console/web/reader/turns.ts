/** Limits how many questions run at once, and how many wait for their turn. */

import { ApiError } from '../api/api-error.ts'

const RETRY_AFTER_SECONDS = 2

/** `next` comes before all that wait in order, and is not refused because of them. */
export type Turn = 'in order' | 'next'

export class Turns {
  readonly #atOnce: number
  readonly #inAll: number
  readonly #queue: (() => void)[] = []
  readonly #nexts: (() => void)[] = []
  #running = 0
  #refused = 0

  /** @param inAll questions that run or wait; further ones are refused */
  constructor(atOnce: number, inAll: number) {
    this.#atOnce = atOnce
    this.#inAll = inAll
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.length + this.#nexts.length
  }

  get refused(): number {
    return this.#refused
  }

  /**
   * Waits for a turn.
   *
   * @returns a function that ends the turn; call it once
   * @throws ApiError `busy` when too many run or wait, or when the signal aborts meanwhile
   */
  async take(signal: AbortSignal, turn: Turn = 'in order'): Promise<() => void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1
      return this.#release
    }
    const queue = turn === 'next' ? this.#nexts : this.#queue
    if (this.#running + queue.length >= this.#inAll) {
      this.#refused += 1
      throw new ApiError('busy', `${this.#inAll} questions are being answered: try again soon`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    }
    await waitIn(queue, signal)
    return this.#release
  }

  /** Hands the turn to the next question that waits. */
  readonly #release = (): void => {
    const next = this.#nexts.shift() ?? this.#queue.shift()
    if (next) next()
    else this.#running -= 1
  }
}

function waitIn(queue: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      const index = queue.indexOf(go)
      if (index !== -1) queue.splice(index, 1)
      reject(new ApiError('busy', 'nobody waits for this answer any more'))
    }
    const go = () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    if (signal.aborted) onAbort()
    else {
      signal.addEventListener('abort', onAbort, { once: true })
      queue.push(go)
    }
  })
}
