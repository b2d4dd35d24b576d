/** How often a stream is heard: its longest recent interval. */

/** With each datagram, the longest interval moves towards the present one by this share. */
const INTERVAL_DECAY = 0.05

export class Cadence {
  #heardAtMs: number | undefined
  #intervalMs: number | undefined

  /** When the stream was last heard; undefined before the first time. */
  get heardAtMs(): number | undefined {
    return this.#heardAtMs
  }

  /** The longest recent interval between two datagrams; undefined while there was none. */
  get intervalMs(): number | undefined {
    return this.#intervalMs
  }

  /** Notes that the stream was heard. */
  note(receivedAtMs: number): void {
    if (this.#heardAtMs !== undefined) {
      const intervalMs = receivedAtMs - this.#heardAtMs
      const longest = this.#intervalMs ?? 0
      this.#intervalMs =
        intervalMs > longest ? intervalMs : longest + (intervalMs - longest) * INTERVAL_DECAY
    }
    this.#heardAtMs = receivedAtMs
  }
}
