/**
 * Bounds what all streams remember together: within the limits of each alone, spoofed addresses
 * could fill any memory. It keeps nothing itself.
 */

import { MAX_NAMED_BYTES, MAX_TEMPLATE_BYTES } from '../limits.ts'

/** Room that many share; sizes are estimates in bytes. */
export class MemoryRoom {
  readonly #limitBytes: number
  #usedBytes = 0
  #refusals = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** How often something could not be kept. */
  get refusals(): number {
    return this.#refusals
  }

  /** Takes room unless there is too little left. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#limitBytes) return false
    this.#usedBytes += bytes
    return true
  }

  /** Gives room back that was taken. */
  give(bytes: number): void {
    this.#usedBytes -= bytes
  }

  /** Counts something that is not kept. */
  refuse(): void {
    this.#refusals += 1
  }
}

/** The rooms of all streams; names must not take what templates need. */
export interface MemoryRooms {
  readonly templates: MemoryRoom
  /** Of samplers and names. */
  readonly names: MemoryRoom
}

/** Makes rooms of the usual limits. */
export function createMemoryRooms(): MemoryRooms {
  return {
    templates: new MemoryRoom(MAX_TEMPLATE_BYTES),
    names: new MemoryRoom(MAX_NAMED_BYTES),
  }
}
