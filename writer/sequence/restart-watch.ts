/**
 * Watches for numbers that begin anew where no uptime tells it, and for datagrams from before a
 * restart that arrive after it. It only looks at numbers; the tracker decides.
 */

import {
  REORDER_WINDOW_DATAGRAMS,
  REORDER_WINDOW_MS,
  type WindowPosition,
} from './reorder-window.ts'

/** Numbers that are no farther apart may belong to the same run of a stream. */
export const NEAR_UNITS = 1_024
/** A number below `NEAR_UNITS` that is so far behind is that of a fresh start. */
const FAR_BEHIND_UNITS = 65_536

/** The numbers before a restart. */
export interface EarlierRun {
  /** Where it would have gone on. */
  readonly next: number
  /** How many late datagrams there are if it does go on, so that the restart was none. */
  readonly late: number
  /** The restart was judged by numbers alone. */
  readonly isGuess: boolean
}

/** Where a datagram belongs that came soon after a restart. */
export type EarlierVerdict = 'late-of-earlier' | 'resumes-earlier' | 'no'

/** Tells whether a number is so small and so far behind that a late datagram cannot have it. */
export function isFreshStart(sequence: number, behindUnits: number): boolean {
  return sequence < NEAR_UNITS && behindUnits > FAR_BEHIND_UNITS
}

/** Messages in order that were behind, and the number after them; plain JSON. */
export type StoredRun = readonly [length: number, next: number]

export class RestartWatch {
  #run = 0
  #runNext = 0
  #earlier: EarlierRun | undefined
  #endedAtMs = 0
  #endedAtCount = 0

  /** Takes a number behind; gives how many messages in order, this one included, are behind. */
  noteBehind(sequence: number, units: number): number {
    // Late messages without records may share a number: only those that move it are a run.
    if (this.#run === 0 || sequence !== this.#runNext) this.#run = 1
    else if (units > 0) this.#run += 1
    this.#runNext = (sequence + units) >>> 0
    return this.#run
  }

  /** Takes a datagram of the stream itself: what was behind were stragglers. */
  noteOrdinary(): void {
    this.#run = 0
  }

  /** Remembers the numbering that a restart ended. */
  end(earlier: EarlierRun, { nowMs, count }: WindowPosition): void {
    this.#run = 0
    this.#earlier = earlier
    this.#endedAtMs = nowMs
    this.#endedAtCount = count
  }

  /** Gives the length of the run behind and what would continue it, to be restored later. */
  toRun(): StoredRun {
    return [this.#run, this.#runNext]
  }

  /** Takes what `toRun` gave. */
  restore([run, runNext]: StoredRun): void {
    this.#run = run
    this.#runNext = runNext
  }

  /**
   * Judges a number that does not fit the new numbering.
   *
   * @param distance how far it is from the expected number, signed
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
   * Gives the numbering from before the restart, and forgets it: the present datagram goes on with
   * it, so those between were late ones.
   */
  takeEarlier({ count }: WindowPosition): EarlierRun | undefined {
    const earlier = this.#earlier
    this.#earlier = undefined
    if (earlier === undefined) return undefined
    return { ...earlier, late: earlier.late + count - this.#endedAtCount - 1 }
  }
}
