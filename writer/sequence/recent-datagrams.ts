/** Remembers the last few datagrams of a stream by sequence number and fingerprint, no more. */

import { REORDER_WINDOW_DATAGRAMS } from './reorder-window.ts'

/** A ring of the last 32 datagrams. */
export class RecentDatagrams {
  readonly #sequences = new Uint32Array(REORDER_WINDOW_DATAGRAMS)
  readonly #fingerprints = new Uint32Array(REORDER_WINDOW_DATAGRAMS)
  #length = 0
  #head = 0

  add(sequence: number, fingerprint: number): void {
    this.#sequences[this.#head] = sequence
    this.#fingerprints[this.#head] = fingerprint
    this.#head = (this.#head + 1) % REORDER_WINDOW_DATAGRAMS
    if (this.#length < REORDER_WINDOW_DATAGRAMS) this.#length += 1
  }

  /** Tells whether a datagram with this number and this fingerprint was among the last ones. */
  has(sequence: number, fingerprint: number): boolean {
    for (let index = 0; index < this.#length; index += 1) {
      if (this.#fingerprints[index] === fingerprint && this.#sequences[index] === sequence) {
        return true
      }
    }
    return false
  }

  /** Forgets all of them: another start of the exporter may repeat numbers and payloads. */
  clear(): void {
    this.#length = 0
    this.#head = 0
  }

  /** Gives sequence number and fingerprint in turn, oldest datagram first. */
  toArray(): number[] {
    const pairs: number[] = []
    const oldest = this.#head - this.#length + REORDER_WINDOW_DATAGRAMS
    for (let index = 0; index < this.#length; index += 1) {
      const slot = (oldest + index) % REORDER_WINDOW_DATAGRAMS
      pairs.push(this.#sequences[slot] ?? 0, this.#fingerprints[slot] ?? 0)
    }
    return pairs
  }

  /** Takes what `toArray` gave. */
  restore(pairs: readonly number[]): void {
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      this.add(pairs[index] ?? 0, pairs[index + 1] ?? 0)
    }
  }
}
