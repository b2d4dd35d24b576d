/**
 * The stream clock: it follows the receive times of the lines, but no step of the host's clock.
 * Everything that measures a duration uses it; what is stored uses receive times.
 */

/**
 * Lines may come late, or from the journal. So a receive time may be ahead of the last one by this
 * much more than this process has waited. A larger jump is a step of the host's clock, or a pause
 * before the lines were read; nothing distinguishes the two. It counts as this much, which is less
 * than every duration that somebody waits for.
 */
const MAX_JUMP_MS = 250
/** Several sockets may bring receive times out of order by this much; more is a step back. */
const MAX_DISORDER_MS = 1_000

export class StreamClock {
  /** The latest receive time by the host's clock, Unix milliseconds; 0 before the first. */
  #wallMs = 0
  /** The time of the last line; it begins as the receive time of the first. */
  #nowMs = 0
  /** Monotonic times: when the last line was read, and the same less pauses. */
  #readAtMs = 0
  #sinceMs = 0

  /** The latest receive time, Unix milliseconds; 0 before the first line. */
  get wallMs(): number {
    return this.#wallMs
  }

  /** How far the host's clock is ahead of this one. */
  get offsetMs(): number {
    return this.#wallMs - this.#nowMs
  }

  /**
   * Reads a receive time.
   *
   * @param monotonicMs now, by a clock that nobody sets
   * @returns the time of this clock
   */
  read(wallMs: number, monotonicMs: number): number {
    const waitedMs = monotonicMs - this.#readAtMs
    this.#readAtMs = monotonicMs
    this.#sinceMs = monotonicMs
    if (this.#wallMs === 0) {
      this.#wallMs = wallMs
      this.#nowMs = wallMs
    } else if (wallMs > this.#wallMs) {
      this.#nowMs += Math.min(wallMs - this.#wallMs, waitedMs + MAX_JUMP_MS)
      this.#wallMs = wallMs
    } else if (wallMs < this.#wallMs - MAX_DISORDER_MS) this.#wallMs = wallMs
    return this.#nowMs
  }

  /** Returns the time when no line has come since the last one. */
  timeAt(monotonicMs: number): number {
    return this.#nowMs + Math.max(0, monotonicMs - this.#sinceMs)
  }

  /** Lets a time pass without counting it: lines that were sent meanwhile are still to be read. */
  pause(pausedMs: number): void {
    this.#sinceMs += pausedMs
  }
}
