/**
 * Recognises restarts by sequence numbers alone, without an uptime. After a restart, it recognises
 * late datagrams of the earlier numbering.
 */

import {
  REORDER_WINDOW_DATAGRAMS,
  REORDER_WINDOW_MS,
  type WindowPosition,
} from './reorder-window.ts'

/** Two numbers within this distance may belong to the same numbering. */
export const NEAR_UNITS = 1_024
/** A number below `NEAR_UNITS` that is this far behind begins a new numbering. */
const FAR_BEHIND_UNITS = 65_536

/** The numbering that a restart ended. */
interface EarlierNumbering {
  /** Its next expected number. */
  readonly next: number
  /** The number of late datagrams if this numbering goes on, so that there was no restart. */
  readonly late: number
  /** Whether the restart was guessed from numbers alone. */
  readonly isGuess: boolean
}

/** How a datagram soon after a restart relates to the earlier numbering. */
type EarlierVerdict = 'late-of-earlier' | 'resumes-earlier' | 'no'

/** Whether a number is too small, and too far behind, for a late datagram. */
export function isFreshStart(sequence: number, behindUnits: number): boolean {
  return sequence < NEAR_UNITS && behindUnits > FAR_BEHIND_UNITS
}

/** A run of messages behind the expected number, and the number after it; plain JSON. */
export type StoredRun = readonly [length: number, next: number]

export class RestartWatch {
  #run = 0
  #runNext = 0
  #earlier: EarlierNumbering | undefined
  #endedAtMs = 0
  #endedAtCount = 0

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

  /** Notes a restart and remembers the numbering that it ended. */
  end(earlier: EarlierNumbering, { nowMs, count }: WindowPosition): void {
    this.#run = 0
    this.#earlier = earlier
    this.#endedAtMs = nowMs
    this.#endedAtCount = count
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

  /**
   * Judges a number that is not the expected one of the new numbering.
   *
   * @param distance the signed distance from the expected number
   */
  judge(sequence: number, distance: number, { nowMs, count }: WindowPosition): EarlierVerdict {
    if (this.#earlier === undefined) return 'no'
    const isOver =
      nowMs - this.#endedAtMs > REORDER_WINDOW_MS ||
      count - this.#endedAtCount > REORDER_WINDOW_DATAGRAMS
    if (isOver) this.#earlier = undefined
    if (this.#earlier === undefined) return 'no'
    const beyond = (sequence - this.#earlier.next) | 0
    if (beyond === 0 && this.#earlier.isGuess) return 'resumes-earlier'
    if (Math.abs(distance) <= NEAR_UNITS) return 'no'
    if (beyond < 0) return beyond >= -NEAR_UNITS ? 'late-of-earlier' : 'no'
    return this.#earlier.isGuess && beyond < NEAR_UNITS ? 'resumes-earlier' : 'no'
  }

  /**
   * Returns the numbering that the restart ended, and forgets it. The present datagram continues
   * that numbering, so the datagrams since the restart count as late.
   */
  takeEarlier({ count }: WindowPosition): EarlierNumbering | undefined {
    const earlier = this.#earlier
    this.#earlier = undefined
    if (earlier === undefined) return undefined
    return { ...earlier, late: earlier.late + count - this.#endedAtCount - 1 }
  }
}
