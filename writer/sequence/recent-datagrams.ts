/** The sequence numbers and fingerprints of a stream's last datagrams, for finding duplicates. */

import { REORDER_WINDOW_DATAGRAMS } from './reorder-window.ts'

/** Room for datagrams at first: many streams are heard a few times only. */
const FIRST_DATAGRAMS = 4

const PAIR_BYTES = 8

/** Numbers and fingerprints, as `RecentDatagrams.toText` writes them, or alternately. */
export type StoredRecent = string | readonly number[]

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

  /**
   * Returns the datagrams for storing, in a third of the characters that their digits take.
   *
   *     text  = base64 of pair…                  the oldest datagram first
   *     pair  = sequence:u32le fingerprint:u32le
   */
  toText(): string {
    const pairs = Buffer.allocUnsafe(this.#length * PAIR_BYTES)
    const oldest = this.#head - this.#length + REORDER_WINDOW_DATAGRAMS
    for (let index = 0; index < this.#length; index += 1) {
      const slot = (oldest + index) % REORDER_WINDOW_DATAGRAMS
      pairs.writeUInt32LE(this.#pairs[2 * slot] ?? 0, index * PAIR_BYTES)
      pairs.writeUInt32LE(this.#pairs[2 * slot + 1] ?? 0, index * PAIR_BYTES + 4)
    }
    return pairs.toString('base64')
  }

  /** Restores the result of `toText`, or the numbers themselves, as earlier versions stored them. */
  restore(stored: StoredRecent): void {
    if (typeof stored !== 'string') {
      for (let index = 0; index + 1 < stored.length; index += 2) {
        this.add(stored[index] ?? 0, stored[index + 1] ?? 0)
      }
      return
    }
    const pairs = Buffer.from(stored, 'base64')
    for (let at = 0; at + PAIR_BYTES <= pairs.length; at += PAIR_BYTES) {
      this.add(pairs.readUInt32LE(at), pairs.readUInt32LE(at + 4))
    }
  }
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(numbers.length * 2)
  longer.set(numbers)
  return longer
}
