/**
 * The sequence numbers and fingerprints of a stream's last datagrams, for finding duplicates. A
 * fingerprint is a fast 32-bit hash of the length and the bytes; an attacker can make two payloads
 * with the same one.
 */

import { REORDER_WINDOW_DATAGRAMS } from './reorder-window.ts'

/** Room for datagrams at first: many streams are heard a few times only. */
const FIRST_DATAGRAMS = 4

const PAIR_BYTES = 8

const MIX_A = 0x9e3779b1
const MIX_B = 0x85ebca6b

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

/**
 * Returns the fingerprint of the first `length` bytes of a view, 0 to 2³² − 1. Equal payloads have
 * equal fingerprints. Two different payloads share one with a chance of 1 in 2³².
 */
export function fingerprintPayload(view: DataView, length: number): number {
  // Two chains, because each multiplication waits for the previous one in its own chain.
  let a = length ^ MIX_A
  let b = length ^ MIX_B
  let offset = 0
  for (; offset + 8 <= length; offset += 8) {
    a = Math.imul(a ^ view.getInt32(offset, true), MIX_A)
    b = Math.imul(b ^ view.getInt32(offset + 4, true), MIX_B)
    // Only the high bits of a product depend on all bits of the word: mix them into the low bits.
    a ^= a >>> 15
    b ^= b >>> 13
  }
  for (; offset < length; offset += 1) a = Math.imul(a ^ view.getUint8(offset), MIX_B)
  a ^= Math.imul(b ^ (b >>> 16), MIX_A)
  a = Math.imul(a ^ (a >>> 15), MIX_B)
  return (a ^ (a >>> 13)) >>> 0
}
