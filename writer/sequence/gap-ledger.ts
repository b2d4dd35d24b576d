/**
 * The gaps of one stream. Skipped numbers form a hole. A hole stays open until late datagrams fill
 * it, or until it is declared as loss. Numbers are 32 bits wide and wrap; ranges are half open.
 */

import type { WindowPosition } from './reorder-window.ts'
import {
  ANY_UNIT,
  type Filling,
  fillHole,
  isInDoubt,
  isInHole,
  isOutsideWindow,
  type NumberRange,
  type SequenceHole,
} from './sequence-hole.ts'
import { type CountedUnit, countedUnit, type SequenceUnit } from './sequence-unit.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** A declared loss: `lost` units, from the number `expected` up to and without `received`. */
export interface SequenceGap {
  readonly expected: number
  readonly received: number
  readonly lost: number
  readonly unit: CountedUnit
  /** By the stream clock. */
  readonly detectedAtMs: number
}

/** The one empty array of gaps; most calls return it. */
export const NO_GAPS: readonly never[] = []

/** A hole as plain JSON; `since` counts the datagrams observed since it was opened. */
export type StoredHole = readonly [
  from: number,
  to: number,
  openedAtMs: number,
  since: number,
  slack?: number,
]

/** A hole in the ledger, with the facts that decide when it is declared. */
interface OpenHole extends SequenceHole {
  /** No datagram has followed the one after the hole yet, so that one may be a stray. */
  readonly isLone: boolean
  /** How many late datagrams have filled the hole from its first number on, and the last of them. */
  readonly headFills: number
  readonly filledAtCount: number
}

/**
 * At most this many holes are open, and as many are set aside. One window opens fewer; the rest is
 * room for doubts about the unit, and the limit for an exporter that restarts all the time.
 */
const MAX_HOLES = 128
/** A lone hole waits for this many of the longest intervals of the stream. */
const LONE_INTERVALS = 5
/** The longest wait of a lone hole. */
const LONE_MAX_MS = 300_000

/** A hole that late datagrams have filled from its start this often is another series of numbers. */
const SERIES_FILLS = 6
/** The last of these late datagrams is at most this many datagrams old. */
const SERIES_DATAGRAMS = 16

const NEW_HOLE = { isLone: true, headFills: 0, filledAtCount: 0 } as const

/** The facts that decide which holes are certain. */
interface HoleJudgement {
  /** Units, as bits; a hole that one of them does not see stays, however old it is. */
  readonly favoured: number
  /** The longest interval between the datagrams of the stream. */
  readonly intervalMs: number
}

export class GapLedger {
  readonly #unit: CountedUnit
  #holes: OpenHole[] = []
  /** Holes before a restart or a far jump, and the lone hole of the jump. */
  #aside: OpenHole[] = []
  #declared: SequenceGap[] = []

  constructor(unit: SequenceUnit) {
    this.#unit = countedUnit(unit)
  }

  /** The number of holes. */
  get size(): number {
    return this.#holes.length + this.#aside.length
  }

  /** Whether there are holes, or gaps that `takeGaps` has not returned yet. */
  get hasNews(): boolean {
    return this.#holes.length + this.#aside.length + this.#declared.length > 0
  }

  /** Whether a number is missing and may still come. */
  isMissing(sequence: number): boolean {
    const isHere = (hole: OpenHole) => isInHole(hole, sequence)
    return this.#holes.some(isHere) || this.#aside.some(isHere)
  }

  /**
   * Opens a hole up to a received number. If there is no room, the oldest hole is declared.
   *
   * @param slack this many numbers before the hole may be missing, too
   */
  open(
    range: NumberRange & { readonly slack?: number },
    { nowMs, count }: WindowPosition,
    { dissenting, favoured, isPending }: Pick<UnitDoubt, 'dissenting' | 'favoured' | 'isPending'>,
  ): void {
    this.confirm()
    const { from, to, slack = 0 } = range
    const times = { openedAtMs: nowMs, openedAtCount: count }
    this.#holes.push({ from, to, slack, ...times, dissenting, ...NEW_HOLE })
    const pushedOut = this.#holes.length > MAX_HOLES ? this.#holes.shift() : undefined
    if (pushedOut && !isPending && !isInDoubt(pushedOut, favoured)) this.#declare(pushedOut, nowMs)
  }

  /** Notes that a datagram has followed the one after the last hole. */
  confirm(): void {
    const last = this.#holes.at(-1)
    if (last?.isLone) this.#holes[this.#holes.length - 1] = { ...last, isLone: false }
  }

  /**
   * Removes the numbers of a late message from their hole. The rest of the hole remains, as one or
   * two smaller holes.
   *
   * @param count how many datagrams the stream has observed
   * @returns false when its first number is in no hole
   */
  fill(filling: Filling, count = 0): boolean {
    return fillOneOf(this.#holes, filling, count) || fillOneOf(this.#aside, filling, count)
  }

  /**
   * Forgets the whole hole of a number, because nobody can say which of its numbers are missing.
   *
   * @returns false when the number is in no hole
   */
  forgetHole(sequence: number): boolean {
    for (const holes of [this.#holes, this.#aside]) {
      const index = holes.findIndex((hole) => isInHole(hole, sequence))
      if (index < 0) continue
      holes.splice(index, 1)
      return true
    }
    return false
  }

  /**
   * Removes and returns the hole before a stray datagram: nothing has followed the stray in the
   * window, and the numbers before it went on.
   */
  takeStrayHole(position: WindowPosition): OpenHole | undefined {
    const last = this.#holes.at(-1)
    if (!last?.isLone || last.headFills === 0) return undefined
    return isOutsideWindow(last, position) ? this.#holes.pop() : undefined
  }

  /**
   * Removes and returns a hole that datagrams are still filling, one after the other from its start,
   * when the window is over: another series of numbers.
   */
  takeSeriesHole(position: WindowPosition): OpenHole | undefined {
    const index = this.#holes.findIndex(
      (hole) =>
        hole.headFills >= SERIES_FILLS &&
        position.count - hole.filledAtCount <= SERIES_DATAGRAMS &&
        isOutsideWindow(hole, position),
    )
    return index < 0 ? undefined : this.#holes.splice(index, 1)[0]
  }

  /** Declares the holes that have left the reorder window. */
  declareExpired(position: WindowPosition, { favoured, intervalMs }: HoleJudgement): void {
    const loneMs = Math.min(LONE_INTERVALS * intervalMs, LONE_MAX_MS)
    const isCertain = (hole: OpenHole) =>
      isOutsideWindow(hole, position) && !isInDoubt(hole, favoured)
    const isCertainHere = (hole: OpenHole) =>
      isCertain(hole) && !(hole.isLone && position.nowMs - hole.openedAtMs <= loneMs)
    if (this.#holes.some(isCertainHere)) {
      this.#holes = this.#declareCertain(this.#holes, isCertainHere, position.nowMs)
    }
    if (this.#aside.length === 0) return
    const isCertainAside = (hole: OpenHole) => isCertain(hole) && !hole.isLone
    this.#aside = this.#declareCertain(this.#aside, isCertainAside, position.nowMs)
  }

  /**
   * Sets every hole aside, because the numbers have jumped: only late datagrams fill them now.
   *
   * @param jump the numbers that are missing if the jump is real; its hole is declared only after
   *   `confirmJump`
   */
  setAside(
    jump?: NumberRange & Pick<SequenceHole, 'dissenting' | 'slack'>,
    { nowMs, count }: WindowPosition = { nowMs: 0, count: 0 },
  ): void {
    this.confirm()
    const times = { openedAtMs: nowMs, openedAtCount: count }
    const jumps = jump === undefined ? [] : [{ ...jump, ...times, ...NEW_HOLE }]
    this.#aside = [...this.#aside, ...this.#holes, ...jumps].slice(-MAX_HOLES)
    this.#holes = []
  }

  /** Notes that the numbers after the jump go on. */
  confirmJump(): void {
    this.#aside = this.#aside.map((hole) => ({ ...hole, isLone: false }))
  }

  /**
   * Reopens the holes that were set aside and forgets newer ones: there was no jump.
   *
   * @param jumpedAtCount how many datagrams the stream had observed at the jump
   */
  takeBack(jumpedAtCount: number): void {
    this.#holes = this.#aside.filter(({ openedAtCount }) => openedAtCount < jumpedAtCount)
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

  /** Returns all holes for storing, without the hole of a jump that is not certain. */
  toArray(count: number, shiftMs = 0): readonly StoredHole[] {
    const aside = this.#aside.filter(({ isLone }) => !isLone)
    return [...aside, ...this.#holes].map(({ from, to, openedAtMs, openedAtCount, slack }) => {
      const times = [openedAtMs + shiftMs, count - openedAtCount] as const
      return slack === 0 ? [from, to, ...times] : [from, to, ...times, slack]
    })
  }

  /** Restores the result of `toArray`, before the stream has observed a datagram. */
  restore(holes: readonly StoredHole[]): void {
    for (const [from, to, openedAtMs, since, slack = 0] of holes.slice(-MAX_HOLES)) {
      const times = { openedAtMs, openedAtCount: -since }
      const doubt = { ...NEW_HOLE, dissenting: ANY_UNIT, isLone: false }
      this.#holes.push({ from, to, slack, ...times, ...doubt })
    }
  }

  /** Declares the holes that are certain and returns the others. */
  #declareCertain(
    holes: readonly OpenHole[],
    isCertain: (hole: OpenHole) => boolean,
    nowMs: number,
  ): OpenHole[] {
    for (const hole of holes) if (isCertain(hole)) this.#declare(hole, nowMs)
    return holes.filter((hole) => !isCertain(hole))
  }

  #declare({ from, to }: SequenceHole, nowMs: number): void {
    this.#declared.push({
      expected: from,
      received: to,
      lost: (to - from) >>> 0,
      unit: this.#unit,
      detectedAtMs: nowMs,
    })
  }
}

function fillOneOf(holes: OpenHole[], filling: Filling, count: number): boolean {
  const index = holes.findIndex((hole) => isInHole(hole, filling.start))
  const hole = holes[index]
  if (hole === undefined) return false
  const left = fillHole(hole, filling)
  const isHead = ((filling.start - hole.from) | 0) <= 0
  const headFills = hole.headFills + (isHead ? 1 : 0)
  const filledAtCount = isHead ? count : hole.filledAtCount
  const isLast = index === holes.length - 1
  const parts = left.map((rest) => {
    // Only the part before the received number may still be filled by numbers that go on.
    const isRest = rest.to === hole.to
    const fills = isRest ? { headFills, filledAtCount } : { headFills: 0, filledAtCount: 0 }
    return { ...hole, ...rest, ...fills, isLone: hole.isLone && isLast && isRest }
  })
  holes.splice(index, 1, ...parts)
  return true
}
