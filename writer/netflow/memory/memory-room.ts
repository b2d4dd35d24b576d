/**
 * Bounds the memory of all streams together: with limits per stream alone, spoofed addresses could
 * fill any memory.
 */

import { MAX_NAMED_BYTES, MAX_TEMPLATE_BYTES } from '../limits.ts'

/** Room that many streams share; sizes are estimates in bytes. */
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

  /** How many entries could not be kept. */
  get refusals(): number {
    return this.#refusals
  }

  /**
   * Reserves room.
   *
   * @returns false if too little is left
   */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#limitBytes) return false
    this.#usedBytes += bytes
    return true
  }

  /** Frees reserved room. */
  give(bytes: number): void {
    this.#usedBytes -= bytes
  }

  /** Counts an entry that is not kept. */
  refuse(): void {
    this.#refusals += 1
  }
}

/** The rooms of all streams. They are separate, so names cannot use up the room of templates. */
export interface MemoryRooms {
  readonly templates: MemoryRoom
  /** Of samplers and names. */
  readonly names: MemoryRoom
}

/** Creates rooms of the usual limits. */
export function createMemoryRooms(): MemoryRooms {
  return {
    templates: new MemoryRoom(MAX_TEMPLATE_BYTES),
    names: new MemoryRoom(MAX_NAMED_BYTES),
  }
}
