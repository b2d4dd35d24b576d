/**
 * Decides how long the pipe may fill before it is read again: long while few bytes come, because
 * waking costs more than moving them, and hardly at all while many come.
 */

/**
 * The longest pause. Only when writer and collector are killed at the same time, and nothing else has
 * the pipe open, the kernel discards what came meanwhile.
 */
export const LONGEST_PAUSE_MS = 16
const SHORTEST_PAUSE_MS = 1
/** Bytes that come at longer intervals are worth a wake-up each. */
const SELDOM_MS = LONGEST_PAUSE_MS
/** Parts of the pipe that came within one pause: from this on pauses are short, … */
const MUCH = 1 / 8
/** … and below this they grow. */
const LITTLE = 1 / 32

export class MovePace {
  #pauseMs = LONGEST_PAUSE_MS
  /** Bytes since the last pause. */
  #bytes = 0

  /**
   * Notes a move that brought bytes.
   *
   * @param capacity bytes that the pipe holds at most
   * @param quietMs how long no bytes came before; 0 after a pause
   * @returns how long to wait until the next move, in milliseconds; 0: not at all, as more came
   *   than a pause usually brings; undefined: until bytes come, as they come seldom
   */
  next(moved: number, capacity: number, quietMs = 0): number | undefined {
    this.#bytes += moved
    if (moved >= capacity * MUCH) {
      this.#pauseMs = SHORTEST_PAUSE_MS
      return 0
    }
    if (quietMs > SELDOM_MS) {
      this.#bytes = 0
      return undefined
    }
    if (this.#bytes >= capacity * MUCH) this.#pauseMs = SHORTEST_PAUSE_MS
    else if (this.#bytes < capacity * LITTLE) {
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    }
    this.#bytes = 0
    return this.#pauseMs
  }
}
