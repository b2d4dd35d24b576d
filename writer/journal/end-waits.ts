/**
 * Those who wait until the journal has grown to a certain end. They are called in a later turn, where
 * promises go on: the journal also grows in calls that do not come from Node.
 */

interface Wait {
  readonly end: number
  readonly onGrown: () => void
}

export class EndWaits {
  readonly #waits = new Set<Wait>()

  /**
   * Calls `onGrown` once, after the end has reached `end`.
   *
   * @returns ends the wait; a call that is on its way still comes
   */
  add(end: number, onGrown: () => void): () => void {
    const wait = { end, onGrown }
    this.#waits.add(wait)
    return () => void this.#waits.delete(wait)
  }

  /** Notes that the journal ends at `end` now. */
  note(end: number): void {
    for (const wait of this.#waits) {
      if (end < wait.end) continue
      this.#waits.delete(wait)
      setImmediate(wait.onGrown)
    }
  }
}
