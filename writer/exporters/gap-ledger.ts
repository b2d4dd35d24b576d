/**
 * Keeps the holes of one stream until they are filled or declared as loss, and sums up that loss.
 * It judges no datagram: the tracker says what opens and fills a hole.
 */

import { type SequenceHole, SequenceHoles, type WindowPosition } from './sequence-holes.ts'
import type { SequenceUnit } from './sequence-unit.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** How long a hole waits when a few messages speak for another unit. */
const DOUBT_PATIENCE_MS = 10_000

/** Loss: `lost` units from `expected` up to `received`, which is not among them. */
export interface SequenceGap {
  readonly expected: number
  readonly received: number
  readonly lost: number
  readonly unit: SequenceUnit
  readonly detectedAtMs: number
}

/** No gaps, always the same array: that is what there is to hand out most of the time. */
export const NO_GAPS: readonly SequenceGap[] = []

/** From, to, when it was opened, and how many datagrams came since; plain JSON. */
export type StoredHole = readonly [number, number, number, number]

export class GapLedger {
  readonly #holes = new SequenceHoles()
  #declared: SequenceGap[] = []
  #lost = 0
  #unit: SequenceUnit

  constructor(unit: SequenceUnit) {
    this.#unit = unit
  }

  /** Units lost since construction. */
  get lost(): number {
    return this.#lost
  }

  get hasHoles(): boolean {
    return this.#holes.size > 0
  }

  /** Tells whether a number is missing and may still come. */
  isMissing(sequence: number): boolean {
    return this.#holes.has(sequence)
  }

  open(from: number, to: number, { nowMs, count }: WindowPosition): void {
    const pushedOut = this.#holes.open({ from, to, openedAtMs: nowMs, openedAtCount: count })
    if (pushedOut !== undefined) this.#declare(pushedOut, nowMs)
  }

  /** Fills what is missing from `sequence` on; see `SequenceHoles.fill`. */
  fill(sequence: number, units: number | undefined): boolean {
    return this.#holes.fill(sequence, units)
  }

  /** Declares the holes that left the reorder window, as far as the unit is not in doubt. */
  declareExpired(position: WindowPosition, doubt: UnitDoubt): void {
    if (doubt === 'strong') return
    const patienceMs = doubt === 'some' ? DOUBT_PATIENCE_MS : Number.NEGATIVE_INFINITY
    for (const hole of this.#holes.takeExpired(position, patienceMs)) {
      this.#declare(hole, position.nowMs)
    }
  }

  /** Declares every hole, as nothing can fill it any more. */
  declareAll(nowMs: number): void {
    for (const hole of this.#holes.takeAll()) this.#declare(hole, nowMs)
  }

  /** Forgets every hole: they were none. */
  discardHoles(): void {
    this.#holes.takeAll()
  }

  /** Goes on in another unit; holes that were opened under the former one are forgotten. */
  useUnit(unit: SequenceUnit): void {
    this.#unit = unit
    this.discardHoles()
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
    return this.#holes
      .toArray()
      .map(({ from, to, openedAtMs, openedAtCount }) => [
        from,
        to,
        openedAtMs,
        count - openedAtCount,
      ])
  }

  /** Takes what `toArray` gave, when the stream has observed no datagram yet. */
  restore(holes: readonly StoredHole[]): void {
    for (const [from, to, openedAtMs, since] of holes) {
      this.#holes.open({ from, to, openedAtMs, openedAtCount: -since })
    }
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
