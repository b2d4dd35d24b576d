/** Those who wait until the journal has grown to a certain end. */

interface Wait {
  readonly end: number
  readonly onGrown: () => void
}

export class EndWaits {
  readonly #waits = new Set<Wait>()

  /** Calls `onGrown` once, when the end is `end` or beyond. @returns ends the wait */
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
      wait.onGrown()
    }
  }
}
