/**
 * Keeps the holes of one stream until they are filled or declared as loss, and sums up that loss.
 * It judges no datagram: the numbering says what opens and fills a hole.
 */

import {
  isOutsideWindow,
  type SequenceHole,
  SequenceHoles,
  type WindowPosition,
} from './sequence-holes.ts'
import { type CountedUnit, countedUnit, type SequenceUnit } from './sequence-unit.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** Loss: `lost` units from `expected` up to `received`, which is not among them. */
export interface SequenceGap {
  readonly expected: number
  readonly received: number
  readonly lost: number
  readonly unit: CountedUnit
  readonly detectedAtMs: number
}

/** No gaps, always the same array: that is what there is to hand out most of the time. */
export const NO_GAPS: readonly SequenceGap[] = []

/** From, to, when it was opened, and how many datagrams came since; plain JSON. */
export type StoredHole = readonly [number, number, number, number]

/** A sender that restarts all the time must not make them grow. */
const MAX_UNJUDGED = 128
/** Units as bits, when it is not known which of them would judge a hole otherwise. */
export const ANY_UNIT = -1

export class GapLedger {
  readonly #holes = new SequenceHoles()
  /** Holes of before a restart that is not certain, or while the unit is in doubt. */
  #unjudged: readonly SequenceHole[] = []
  #declared: SequenceGap[] = []
  #lost = 0
  readonly #unit: CountedUnit

  constructor(unit: SequenceUnit) {
    this.#unit = countedUnit(unit)
  }

  /** Units lost since construction. */
  get lost(): number {
    return this.#lost
  }

  /** Tells whether there are holes, or gaps that were not handed out. */
  get hasNews(): boolean {
    return this.#holes.size + this.#unjudged.length + this.#declared.length > 0
  }

  /** Tells whether a number is missing and may still come. */
  isMissing(sequence: number): boolean {
    return this.#holes.has(sequence)
  }

  /** Opens a hole from one number up to another one, which is there. */
  open(
    { from, to }: { readonly from: number; readonly to: number },
    { nowMs, count }: WindowPosition,
    { dissenting, favoured }: Pick<UnitDoubt, 'dissenting' | 'favoured'>,
  ): void {
    const hole = { from, to, openedAtMs: nowMs, openedAtCount: count, dissenting }
    const pushedOut = this.#holes.open(hole)
    if (pushedOut && !isInDoubt(pushedOut, favoured)) this.#declare(pushedOut, nowMs)
  }

  /** Fills what is missing from `sequence` on; see `SequenceHoles.fill`. */
  fill(
    sequence: number,
    units: number | undefined,
    { dissenting }: Pick<UnitDoubt, 'dissenting'>,
  ): boolean {
    return this.#holes.fill(sequence, units, dissenting)
  }

  /** Forgets the hole that has this number; see `SequenceHoles.forget`. */
  forgetHole(sequence: number): boolean {
    return this.#holes.forget(sequence)
  }

  /** Declares the holes that left the reorder window, unless a favoured unit sees none there. */
  declareExpired(position: WindowPosition, favoured: number): void {
    for (const hole of this.#holes.takeExpired(position, favoured)) {
      this.#declare(hole, position.nowMs)
    }
    if (this.#unjudged.length === 0) return
    const isCertain = (hole: SequenceHole) =>
      isOutsideWindow(hole, position) && !isInDoubt(hole, favoured)
    this.#declareIf(isCertain, this.#unjudged, position.nowMs)
  }

  /** Declares every hole, as nothing can fill it after a restart; those in doubt later. */
  declareAll(nowMs: number, favoured: number): void {
    const holes = [...this.#unjudged, ...this.#holes.takeAll()]
    this.#declareIf((hole) => !isInDoubt(hole, favoured), holes, nowMs)
  }

  /** Puts every hole aside: nothing can fill it if there was a restart. */
  putAside(): void {
    this.#unjudged = [...this.#unjudged, ...this.#holes.takeAll()].slice(-MAX_UNJUDGED)
  }

  /** Takes the holes back that were put aside, and forgets others: there was no restart. */
  takeBack(): void {
    this.#holes.replaceAll(this.#unjudged)
    this.#unjudged = []
  }

  /** Forgets every hole: they were none. */
  discardHoles(): void {
    this.#holes.takeAll()
    this.#unjudged = []
  }

  /** Hands out the gaps that were declared since the last call; mostly the same empty array. */
  takeGaps(): readonly SequenceGap[] {
    if (this.#declared.length === 0) return NO_GAPS
    const gaps = this.#declared
    this.#declared = []
    return gaps
  }

  /** Gives the open holes, to be restored later. */
  toArray(count: number): readonly StoredHole[] {
    return [...this.#unjudged, ...this.#holes.toArray()].map(
      ({ from, to, openedAtMs, openedAtCount }) => [from, to, openedAtMs, count - openedAtCount],
    )
  }

  /** Takes what `toArray` gave, when the stream has observed no datagram yet. */
  restore(holes: readonly StoredHole[]): void {
    for (const [from, to, openedAtMs, since] of holes) {
      this.#holes.open({ from, to, openedAtMs, openedAtCount: -since, dissenting: ANY_UNIT })
    }
  }

  #declareIf(
    isCertain: (hole: SequenceHole) => boolean,
    holes: readonly SequenceHole[],
    nowMs: number,
  ): void {
    this.#unjudged = holes.filter((hole) => !isCertain(hole)).slice(-MAX_UNJUDGED)
    for (const hole of holes) if (isCertain(hole)) this.#declare(hole, nowMs)
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

function isInDoubt({ dissenting }: SequenceHole, favoured: number): boolean {
  return (dissenting & favoured) !== 0
}
