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
  /** Units, as bits, by which these numbers are not missing, or others; see `UnitDoubt`. */
  readonly dissenting: number
}

/** Tells whether a hole has left the reorder window. */
export function isOutsideWindow(hole: SequenceHole, { nowMs, count }: WindowPosition): boolean {
  return (
    nowMs - hole.openedAtMs > REORDER_WINDOW_MS ||
    count - hole.openedAtCount >= REORDER_WINDOW_DATAGRAMS
  )
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
   * @param dissenting units, as bits, that judge what is left otherwise
   * @param units undefined when it is not known how many: then the rest of the hole goes, as
   *   nobody can say what of it is missing
   * @returns false when no hole has this number
   */
  fill(sequence: number, units: number | undefined, dissenting: number): boolean {
    const index = this.#indexOf(sequence)
    const hole = this.#holes[index]
    if (hole === undefined) return false
    const room = (hole.to - sequence) >>> 0
    const filled = units === undefined ? room : Math.min(units, room)
    if (filled === 0) return true
    const end = (sequence + filled) >>> 0
    const left: SequenceHole[] = []
    const rest = { ...hole, dissenting: hole.dissenting | dissenting }
    if (sequence !== hole.from) left.push({ ...rest, to: sequence })
    if (end !== hole.to) left.push({ ...rest, from: end })
    this.#holes.splice(index, 1, ...left)
    return true
  }

  /** Takes out the whole hole that has this number: nobody can say what of it is missing. */
  forget(sequence: number): boolean {
    const index = this.#indexOf(sequence)
    if (index < 0) return false
    this.#holes.splice(index, 1)
    return true
  }

  /**
   * Takes out the holes that left the reorder window.
   *
   * @param favoured units, as bits: holes that one of them does not see stay, whatever the window
   */
  takeExpired(position: WindowPosition, favoured: number): readonly SequenceHole[] {
    const expired: SequenceHole[] = []
    for (const hole of this.#holes) {
      const isUndoubted = (hole.dissenting & favoured) === 0
      if (isUndoubted && isOutsideWindow(hole, position)) expired.push(hole)
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

  /** Takes out every hole and puts others in. */
  replaceAll(holes: readonly SequenceHole[]): void {
    this.#holes = [...holes]
  }

  toArray(): readonly SequenceHole[] {
    return [...this.#holes]
  }

  #indexOf(sequence: number): number {
    return this.#holes.findIndex(({ from, to }) => (sequence - from) >>> 0 < (to - from) >>> 0)
  }
}
