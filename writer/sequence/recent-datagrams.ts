/** The sequence numbers and fingerprints of a stream's last datagrams, for finding duplicates. */

import { REORDER_WINDOW_DATAGRAMS } from './reorder-window.ts'

/** A ring that is as long as the reorder window. */
export class RecentDatagrams {
  readonly #sequences = new Uint32Array(REORDER_WINDOW_DATAGRAMS)
  readonly #fingerprints = new Uint32Array(REORDER_WINDOW_DATAGRAMS)
  #length = 0
  #head = 0

  /** Adds a datagram in place of the oldest one. */
  add(sequence: number, fingerprint: number): void {
    this.#sequences[this.#head] = sequence
    this.#fingerprints[this.#head] = fingerprint
    this.#head = (this.#head + 1) % REORDER_WINDOW_DATAGRAMS
    if (this.#length < REORDER_WINDOW_DATAGRAMS) this.#length += 1
  }

  /** Whether one of the last datagrams has both this number and this fingerprint. */
  has(sequence: number, fingerprint: number): boolean {
    for (let index = 0; index < this.#length; index += 1) {
      if (this.#fingerprints[index] === fingerprint && this.#sequences[index] === sequence) {
        return true
      }
    }
    return false
  }

  /** Forgets all datagrams: a rebooted exporter may repeat numbers and payloads. */
  clear(): void {
    this.#length = 0
    this.#head = 0
  }

  /** Returns sequence number and fingerprint alternately, oldest datagram first. */
  toArray(): number[] {
    const pairs: number[] = []
    const oldest = this.#head - this.#length + REORDER_WINDOW_DATAGRAMS
    for (let index = 0; index < this.#length; index += 1) {
      const slot = (oldest + index) % REORDER_WINDOW_DATAGRAMS
      pairs.push(this.#sequences[slot] ?? 0, this.#fingerprints[slot] ?? 0)
    }
    return pairs
  }

  /** Restores the result of `toArray`. */
  restore(pairs: readonly number[]): void {
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      this.add(pairs[index] ?? 0, pairs[index + 1] ?? 0)
    }
  }
}
