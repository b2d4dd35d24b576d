/** Recognises restarts by sequence numbers alone, without an uptime. */

import { NEAR_UNITS } from './reorder-window.ts'

/** A number this far behind is not that of a late datagram. */
export const FAR_BEHIND_UNITS = 65_536

/** Whether a number is too small, and too far behind, for a late datagram. */
export function isFreshStart(sequence: number, behindUnits: number): boolean {
  return sequence < NEAR_UNITS && behindUnits > FAR_BEHIND_UNITS
}

/** A run of messages behind the expected number, and the number after it; plain JSON. */
export type StoredRun = readonly [length: number, next: number]

export class RestartWatch {
  #run = 0
  #runNext = 0

  /** Notes a number behind the expected one and returns the length of the run that it continues. */
  noteBehind(sequence: number, units: number): number {
    // Late messages without records may share a number: only messages that move it make a run.
    if (this.#run === 0 || sequence !== this.#runNext) this.#run = 1
    else if (units > 0) this.#run += 1
    this.#runNext = (sequence + units) >>> 0
    return this.#run
  }

  /** Notes that the numbering goes on: the messages behind it were late. */
  noteOrdinary(): void {
    this.#run = 0
  }

  /** Returns the run behind the expected number, for storing. */
  toRun(): StoredRun {
    return [this.#run, this.#runNext]
  }

  /** Restores the result of `toRun`. */
  restore([run, runNext]: StoredRun): void {
    this.#run = run
    this.#runNext = runNext
  }
}
