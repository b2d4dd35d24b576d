/**
 * The numbers of one stream that were skipped and may still come: half-open ranges modulo 2³².
 * They are opened, filled wholly or partly, and taken out when they leave the reorder window;
 * whether such a range is loss is not decided here.
 */

import { REORDER_WINDOW_DATAGRAMS } from './recent-datagrams.ts'

/** How long a number may be late before it counts as lost. */
export const REORDER_WINDOW_MS = 2_000

/** More cannot be open within a window; units that are not learned yet may ask for a few more. */
const MAX_HOLES = 128

/** Missing numbers: `from` is the first one, `to` the first one that is there. */
export interface SequenceHole {
  readonly from: number
  readonly to: number
  readonly openedAtMs: number
  /** How many datagrams the stream had observed when the hole was opened. */
  readonly openedAtCount: number
}

/** What is meant by now: the clock and the datagrams that the stream has observed. */
export interface WindowPosition {
  readonly nowMs: number
  readonly count: number
}

export class SequenceHoles {
  #holes: SequenceHole[] = []

  get size(): number {
    return this.#holes.length
  }

  /** Opens a hole; gives the oldest one back when there is no room for both. */
  open(hole: SequenceHole): SequenceHole | undefined {
    this.#holes.push(hole)
    return this.#holes.length > MAX_HOLES ? this.#holes.shift() : undefined
  }

  /** Tells whether a number is missing. */
  has(sequence: number): boolean {
    return this.#indexOf(sequence) >= 0
  }

  /**
   * Takes `units` numbers from `sequence` on out of the hole that they are in, so that nothing,
   * one or two smaller holes are left of it.
   *
   * @param units undefined when it is not known how many: then the rest of the hole goes, as
   *   nobody can say what of it is missing
   * @returns false when no hole has this number
   */
  fill(sequence: number, units: number | undefined): boolean {
    const index = this.#indexOf(sequence)
    const hole = this.#holes[index]
    if (hole === undefined) return false
    const rest = (hole.to - sequence) >>> 0
    const filled = units === undefined ? rest : Math.min(units, rest)
    if (filled === 0) return true
    const end = (sequence + filled) >>> 0
    const left: SequenceHole[] = []
    if (sequence !== hole.from) left.push({ ...hole, to: sequence })
    if (end !== hole.to) left.push({ ...hole, from: end })
    this.#holes.splice(index, 1, ...left)
    return true
  }

  /**
   * Takes out the holes that left the reorder window.
   *
   * @param patienceMs when given, holes younger than this stay, whatever the window says
   */
  takeExpired({ nowMs, count }: WindowPosition, patienceMs: number): readonly SequenceHole[] {
    const expired: SequenceHole[] = []
    for (const hole of this.#holes) {
      const ageMs = nowMs - hole.openedAtMs
      const isOutside =
        ageMs > REORDER_WINDOW_MS || count - hole.openedAtCount >= REORDER_WINDOW_DATAGRAMS
      if (isOutside && ageMs >= patienceMs) expired.push(hole)
    }
    if (expired.length > 0) this.#holes = this.#holes.filter((hole) => !expired.includes(hole))
    return expired
  }

  /** Takes out every hole. */
  takeAll(): readonly SequenceHole[] {
    const all = this.#holes
    this.#holes = []
    return all
  }

  toArray(): readonly SequenceHole[] {
    return [...this.#holes]
  }

  #indexOf(sequence: number): number {
    return this.#holes.findIndex(({ from, to }) => (sequence - from) >>> 0 < (to - from) >>> 0)
  }
}
