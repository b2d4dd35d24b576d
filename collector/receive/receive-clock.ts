/**
 * Tells receive times below the millisecond without drifting away from the wall clock. It takes no
 * part in anything that is measured as a duration.
 */

/** Where the time comes from; both in milliseconds. */
interface ClockSources {
  /** The wall clock in whole Unix milliseconds, rounded down. */
  readonly wallMs: () => number
  /** A steady clock with a fraction and any origin. */
  readonly steadyMs: () => number
}

/**
 * The steady clock gives the fraction, the wall clock holds it: `performance.timeOrigin` alone
 * would drift by what NTP corrects in the days that a collector runs, and miss a set clock.
 */
export class ReceiveClock {
  readonly #wallMs: () => number
  readonly #steadyMs: () => number
  #offsetMs = Number.NEGATIVE_INFINITY

  constructor(sources: ClockSources = { wallMs: Date.now, steadyMs: () => performance.now() }) {
    this.#wallMs = sources.wallMs
    this.#steadyMs = sources.steadyMs
  }

  /** Gives Unix milliseconds with a fraction, always within the wall clock's millisecond. */
  now(): number {
    const wall = this.#wallMs()
    const steady = this.#steadyMs()
    const time = steady + this.#offsetMs
    if (time >= wall && time < wall + 1) return time
    // Moving only to the nearer edge of the millisecond finds the true fraction in a few calls.
    const held = time < wall ? wall : wall + 0.999
    this.#offsetMs = held - steady
    return held
  }
}
