/**
 * The series of numbers of one exporter, in one unit. Most exporters send one; the line cards of
 * some count each on its own, so each datagram belongs to the series that it continues.
 */

import { NO_GAPS, type SequenceGap } from './gap-ledger.ts'
import type { ReleasedSet } from './message-history.ts'
import type { NumberJudge } from './number-judge.ts'
import type { NumberingCounts } from './number-jumps.ts'
import { type NumberingState, SequenceNumbering } from './sequence-numbering.ts'
import {
  type CountedUnit,
  countedUnit,
  countSlack,
  endOf,
  type SequenceUnit,
  startOf,
} from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import { SeriesRuns } from './series-runs.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** Further series are not followed. */
const MAX_SERIES = 16

/** Estimates; measured: 1,300 bytes for a series, 110 for a hole. */
export const SERIES_BYTES = 1_300
const HOLE_BYTES = 120

/** The stored state of all series: the first, and the others beside it. */
interface SeriesState extends NumberingState {
  readonly series?: readonly NumberingState[]
}

export class SequenceSeries {
  readonly unit: SequenceUnit
  /**
   * Totals of all series, those that were forgotten included. `strays` may be below 0: some of the
   * strays that became a series may have been late before.
   */
  readonly counts: NumberingCounts = { late: 0, restarts: 0, boots: 0, strays: 0 }
  readonly #main: SequenceNumbering
  #numberings: SequenceNumbering[]
  /** Defined once a datagram continued no series, which most streams never have. */
  #runs: SeriesRuns | undefined
  #hasSplit = false

  constructor(unit: SequenceUnit) {
    this.unit = unit
    this.#main = new SequenceNumbering(unit, this.counts)
    this.#numberings = [this.#main]
  }

  get countedUnit(): CountedUnit {
    return countedUnit(this.unit)
  }

  /** The next expected number; null while it is unknown, and while there are several series. */
  get next(): number | null {
    return this.#numberings.length === 1 ? this.#main.next : null
  }

  get hasNews(): boolean {
    for (const { ledger } of this.#numberings) if (ledger.hasNews) return true
    return false
  }

  /** Whether there are several series, or may be. */
  get isSeveral(): boolean {
    return this.#numberings.length > 1 || (this.#runs?.size ?? 0) > 0
  }

  /** Whether a series was found since the last `takeSplit`. */
  get hasSplit(): boolean {
    return this.#hasSplit
  }

  /** Returns how many series there are. */
  takeSplit(): number {
    this.#hasSplit = false
    return this.#numberings.length
  }

  /** Whether a datagram is the next one of a series, or missing in one. */
  accepts(datagram: SequencedDatagram): boolean {
    return this.#numberings.some((numbering) => numbering.accepts(datagram))
  }

  /** Whether a datagram may follow a series after a small loss. */
  isNear(datagram: SequencedDatagram): boolean {
    return this.#numberings.some((numbering) => numbering.isNear(datagram))
  }

  observe(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    const numbering = this.#numberings.length === 1 ? this.#main : this.#seriesOf(datagram)
    const { judge } = numbering
    const verdict = judge.observe(datagram, doubt)
    const left = judge.takeLeft()
    if (left !== undefined) this.#startRuns().leave(left)
    if (judge.isAway || verdict === 'undecided') this.#noteStray(judge, datagram)
    else this.#runs?.noteMain()
    return verdict
  }

  expire(nowMs: number, favoured: number): readonly SequenceGap[] {
    if (this.#numberings.length === 1) return this.#expireOne(this.#main, nowMs, favoured)
    const gaps = this.#numberings.flatMap((one) => this.#expireOne(one, nowMs, favoured))
    return gaps.length > 0 ? gaps : NO_GAPS
  }

  #expireOne(
    numbering: SequenceNumbering,
    nowMs: number,
    favoured: number,
  ): readonly SequenceGap[] {
    const gaps = numbering.expire(nowMs, favoured)
    const found = numbering.takeFound()
    if (found === undefined || this.#numberings.length >= MAX_SERIES) return gaps
    this.#add().beginAt(found)
    this.#hasSplit = true
    return gaps
  }

  release(released: ReleasedSet, doubt: UnitDoubt): boolean {
    return this.#numberings.some((numbering) => numbering.release(released, doubt))
  }

  discardHoles(): void {
    for (const { ledger } of this.#numberings) ledger.discardHoles()
  }

  /** The memory of all series, estimated. */
  get bytes(): number {
    let remembered = 0
    for (const numbering of this.#numberings) remembered += numbering.remembered
    return this.#numberings.length * SERIES_BYTES + remembered * HOLE_BYTES
  }

  /** Forgets all series but the first. */
  trim(): void {
    this.#numberings = [this.#main]
    this.#main.trim()
    this.#runs = undefined
  }

  toState(shiftMs: number): SeriesState {
    const main = this.#main.toState(shiftMs)
    if (this.#numberings.length === 1) return main
    const [, ...others] = this.#numberings
    return { ...main, series: others.map((numbering) => numbering.toState(shiftMs)) }
  }

  restore({ series = [], ...main }: SeriesState): void {
    this.#main.restore(main)
    for (const state of series.slice(0, MAX_SERIES - 1)) this.#add().restore(state)
  }

  /** Finds the series that a datagram continues, or else the nearest one. */
  #seriesOf(datagram: SequencedDatagram): SequenceNumbering {
    const continued = this.#numberings.find((numbering) => numbering.accepts(datagram))
    if (continued) return continued
    let [nearest = this.#main] = this.#numberings
    let distance = Number.POSITIVE_INFINITY
    for (const numbering of this.#numberings) {
      const other = numbering.distanceTo(datagram)
      if (other >= distance) continue
      nearest = numbering
      distance = other
    }
    return nearest
  }

  /** Notes a datagram that its numbering does not continue; a run of such is another series. */
  #noteStray(judge: NumberJudge, datagram: SequencedDatagram): void {
    const { unit } = this
    const range = { from: startOf(unit, datagram), to: endOf(unit, datagram) }
    const length = this.#startRuns().add(range, countSlack(unit, datagram))
    if (length === undefined || this.#numberings.length >= MAX_SERIES) return
    judge.comeHome()
    this.#add().beginAt(range.to)
    // They were counted as strays.
    this.counts.strays -= length
    this.#hasSplit = true
  }

  #startRuns(): SeriesRuns {
    this.#runs ??= new SeriesRuns()
    return this.#runs
  }

  #add(): SequenceNumbering {
    const numbering = new SequenceNumbering(this.unit, this.counts)
    this.#numberings.push(numbering)
    return numbering
  }
}
