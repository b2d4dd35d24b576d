/**
 * The gaps of one stream. Skipped numbers form a hole. A hole stays open until late datagrams fill
 * it, or until it is declared as loss. Numbers are 32 bits wide and wrap; ranges are half open.
 */

import {
  REORDER_WINDOW_DATAGRAMS,
  REORDER_WINDOW_MS,
  type WindowPosition,
} from './reorder-window.ts'
import { type CountedUnit, countedUnit, type SequenceUnit } from './sequence-unit.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** A declared loss: `lost` units, from the number `expected` up to and without `received`. */
export interface SequenceGap {
  readonly expected: number
  readonly received: number
  readonly lost: number
  readonly unit: CountedUnit
  readonly detectedAtMs: number
}

/** The one empty array of gaps; most calls return it. */
export const NO_GAPS: readonly SequenceGap[] = []

/** A hole as plain JSON; `since` counts the datagrams observed since it was opened. */
export type StoredHole = readonly [from: number, to: number, openedAtMs: number, since: number]

/** Skipped numbers. */
interface SequenceHole {
  /** The first missing number. */
  readonly from: number
  /** The first number after the hole; it was received. */
  readonly to: number
  readonly openedAtMs: number
  /** How many datagrams the stream had observed when the hole was opened. */
  readonly openedAtCount: number
  /** Units, as bits, in which other numbers are missing, or none; see `UnitDoubt`. */
  readonly dissenting: number
}

/**
 * At most this many holes are open, and as many are set aside. One window opens fewer; the rest is
 * room for doubts about the unit, and the limit for an exporter that restarts all the time.
 */
const MAX_HOLES = 128

/** All units, as bits, for a hole whose dissenting units are unknown. */
export const ANY_UNIT = -1

export class GapLedger {
  readonly #unit: CountedUnit
  #holes: SequenceHole[] = []
  /** Holes that cannot be filled any more, but may still turn out to be none. */
  #aside: SequenceHole[] = []
  #declared: SequenceGap[] = []
  #lost = 0

  constructor(unit: SequenceUnit) {
    this.#unit = countedUnit(unit)
  }

  /** Units lost since construction. */
  get lost(): number {
    return this.#lost
  }

  /** Whether there are holes, or gaps that `takeGaps` has not returned yet. */
  get hasNews(): boolean {
    return this.#holes.length + this.#aside.length + this.#declared.length > 0
  }

  /** Whether a number is missing and may still come. */
  isMissing(sequence: number): boolean {
    return this.#indexOf(sequence) >= 0
  }

  /**
   * Opens a hole from the number `from` up to the received number `to`. If there is no room, the
   * oldest hole is declared.
   */
  open(
    { from, to }: { readonly from: number; readonly to: number },
    { nowMs, count }: WindowPosition,
    { dissenting, favoured }: Pick<UnitDoubt, 'dissenting' | 'favoured'>,
  ): void {
    this.#holes.push({ from, to, openedAtMs: nowMs, openedAtCount: count, dissenting })
    const pushedOut = this.#holes.length > MAX_HOLES ? this.#holes.shift() : undefined
    if (pushedOut && !isInDoubt(pushedOut, favoured)) this.#declare(pushedOut, nowMs)
  }

  /**
   * Removes `units` numbers from `sequence` on from their hole. The rest of the hole remains, as
   * one or two smaller holes.
   *
   * @param units undefined when the count is unknown: then all later numbers of the hole go too,
   *   because nobody can say which of them are missing
   * @returns false when the number is in no hole
   */
  fill(
    sequence: number,
    units: number | undefined,
    { dissenting }: Pick<UnitDoubt, 'dissenting'>,
  ): boolean {
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

  /**
   * Forgets the whole hole of a number, because nobody can say which of its numbers are missing.
   *
   * @returns false when the number is in no hole
   */
  forgetHole(sequence: number): boolean {
    const index = this.#indexOf(sequence)
    if (index < 0) return false
    this.#holes.splice(index, 1)
    return true
  }

  /**
   * Declares the holes that have left the reorder window.
   *
   * @param favoured units, as bits; a hole that one of them does not see stays, however old it is
   */
  declareExpired(position: WindowPosition, favoured: number): void {
    const isCertain = (hole: SequenceHole) =>
      isOutsideWindow(hole, position) && !isInDoubt(hole, favoured)
    if (this.#holes.some(isCertain)) {
      this.#holes = this.#declareCertain(this.#holes, isCertain, position.nowMs)
    }
    if (this.#aside.length === 0) return
    this.#aside = this.#declareCertain(this.#aside, isCertain, position.nowMs)
  }

  /** Declares every hole, because nothing can fill it after a restart; doubtful ones wait aside. */
  declareAll(nowMs: number, favoured: number): void {
    const all = [...this.#aside, ...this.#holes]
    const isCertain = (hole: SequenceHole) => !isInDoubt(hole, favoured)
    this.#holes = []
    this.#aside = this.#declareCertain(all, isCertain, nowMs).slice(-MAX_HOLES)
  }

  /** Sets every hole aside: if this is a restart, nothing can fill it. */
  setAside(): void {
    this.#aside = [...this.#aside, ...this.#holes].slice(-MAX_HOLES)
    this.#holes = []
  }

  /** Reopens the holes that were set aside and forgets newer ones: there was no restart. */
  takeBack(): void {
    this.#holes = this.#aside
    this.#aside = []
  }

  /** Forgets every hole without declaring it. */
  discardHoles(): void {
    this.#holes = []
    this.#aside = []
  }

  /** Returns the gaps that were declared since the last call; mostly `NO_GAPS`. */
  takeGaps(): readonly SequenceGap[] {
    if (this.#declared.length === 0) return NO_GAPS
    const gaps = this.#declared
    this.#declared = []
    return gaps
  }

  /** Returns all holes for storing. */
  toArray(count: number): readonly StoredHole[] {
    return [...this.#aside, ...this.#holes].map(({ from, to, openedAtMs, openedAtCount }) => {
      return [from, to, openedAtMs, count - openedAtCount]
    })
  }

  /** Restores the result of `toArray`, before the stream has observed a datagram. */
  restore(holes: readonly StoredHole[]): void {
    for (const [from, to, openedAtMs, since] of holes.slice(-MAX_HOLES)) {
      this.#holes.push({ from, to, openedAtMs, openedAtCount: -since, dissenting: ANY_UNIT })
    }
  }

  #indexOf(sequence: number): number {
    return this.#holes.findIndex(({ from, to }) => (sequence - from) >>> 0 < (to - from) >>> 0)
  }

  /** Declares the holes that are certain and returns the others. */
  #declareCertain(
    holes: readonly SequenceHole[],
    isCertain: (hole: SequenceHole) => boolean,
    nowMs: number,
  ): SequenceHole[] {
    for (const hole of holes) if (isCertain(hole)) this.#declare(hole, nowMs)
    return holes.filter((hole) => !isCertain(hole))
  }

  #declare({ from, to }: SequenceHole, nowMs: number): void {
    const lost = (to - from) >>> 0
    this.#lost += lost
    this.#declared.push({
      expected: from,
      received: to,
      lost,
      unit: this.#unit,
      detectedAtMs: nowMs,
    })
  }
}

function isOutsideWindow(hole: SequenceHole, { nowMs, count }: WindowPosition): boolean {
  return (
    nowMs - hole.openedAtMs > REORDER_WINDOW_MS ||
    count - hole.openedAtCount >= REORDER_WINDOW_DATAGRAMS
  )
}

function isInDoubt({ dissenting }: SequenceHole, favoured: number): boolean {
  return (dissenting & favoured) !== 0
}
