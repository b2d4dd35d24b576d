/** Reads receive times finer than a millisecond, without drifting away from the wall clock. */

/** The two clocks, both in milliseconds. */
interface ClockSources {
  /** The wall clock in whole Unix milliseconds, rounded down. */
  readonly wallMs: () => number
  /** A steady clock with a fraction and any origin. */
  readonly steadyMs: () => number
}

/**
 * The fraction comes from the steady clock; the wall clock bounds it.
 * `performance.timeOrigin` alone would drift by the corrections of NTP while a collector runs for
 * days, and would miss a change of the wall clock.
 */
export class ReceiveClock {
  readonly #wallMs: () => number
  readonly #steadyMs: () => number
  #offsetMs = Number.NEGATIVE_INFINITY

  constructor(sources: ClockSources = { wallMs: Date.now, steadyMs: () => performance.now() }) {
    this.#wallMs = sources.wallMs
    this.#steadyMs = sources.steadyMs
  }

  /** Returns Unix milliseconds with a fraction, always within the wall clock's millisecond. */
  now(): number {
    const wall = this.#wallMs()
    const steady = this.#steadyMs()
    const time = steady + this.#offsetMs
    if (time >= wall && time < wall + 1) return time
    // Moves to the nearer edge of the millisecond only: after a few calls the fraction is the true
    // one.
    const held = time < wall ? wall : wall + 0.999
    this.#offsetMs = held - steady
    return held
  }
}
