/** The sequence numbers and fingerprints of a stream's last datagrams, for finding duplicates. */

import { REORDER_WINDOW_DATAGRAMS } from './reorder-window.ts'

/** Room for datagrams at first: many streams are heard a few times only. */
const FIRST_DATAGRAMS = 4

/** A ring that is as long as the reorder window. */
export class RecentDatagrams {
  /** The number and the fingerprint of each datagram, alternately. Grows with the datagrams. */
  #pairs = new Uint32Array(2 * FIRST_DATAGRAMS)
  #length = 0
  #head = 0

  /** Adds a datagram in place of the oldest one. */
  add(sequence: number, fingerprint: number): void {
    const at = 2 * this.#head
    if (at === this.#pairs.length) this.#pairs = doubled(this.#pairs)
    this.#pairs[at] = sequence
    this.#pairs[at + 1] = fingerprint
    this.#head = (this.#head + 1) % REORDER_WINDOW_DATAGRAMS
    if (this.#length < REORDER_WINDOW_DATAGRAMS) this.#length += 1
  }

  /** Whether one of the last datagrams has both this number and this fingerprint. */
  has(sequence: number, fingerprint: number): boolean {
    const pairs = this.#pairs
    for (let at = 2 * this.#length - 2; at >= 0; at -= 2) {
      if (pairs[at + 1] === fingerprint && pairs[at] === sequence) return true
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
      pairs.push(this.#pairs[2 * slot] ?? 0, this.#pairs[2 * slot + 1] ?? 0)
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

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(numbers.length * 2)
  longer.set(numbers)
  return longer
}
