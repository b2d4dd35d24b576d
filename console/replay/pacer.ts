/** Keeps the distances in time between datagrams, original or shortened. */

import { setTimeout as sleep } from 'node:timers/promises'

/** Shorter waits are left out: a timer is no more exact. */
const LEAST_WAIT_MS = 2
const MICROS_PER_MS = 1000

export class Pacer {
  readonly #speed: number
  #firstMicros: number | undefined
  #startedAtMs = 0

  /** @param speed 1: in real time; 2: twice as fast; 0: without waiting */
  constructor(speed: number) {
    this.#speed = speed
  }

  /** Returns the milliseconds until the datagram of this time is due; 0 when it is. */
  waitMs(receivedAtMicros: number): number {
    if (this.#speed === 0) return 0
    if (this.#firstMicros === undefined) {
      this.#firstMicros = receivedAtMicros
      this.#startedAtMs = performance.now()
    }
    const afterMs = (receivedAtMicros - this.#firstMicros) / MICROS_PER_MS / this.#speed
    const waitMs = this.#startedAtMs + afterMs - performance.now()
    return waitMs >= LEAST_WAIT_MS ? waitMs : 0
  }

  /** Waits, at most until the signal: a recording may have a pause of a night. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => {})
  }
}
