/**
 * One series of sequence numbers in one given unit: its expected number, its holes, its boot time,
 * and the judge that places each datagram. Time comes with the datagrams.
 */

import { BootClock, type StoredBoot } from './boot-clock.ts'
import { GapLedger, type SequenceGap, type StoredHole } from './gap-ledger.ts'
import type { ReleasedSet } from './message-history.ts'
import { NumberJudge, type StoredRun } from './number-judge.ts'
import type { NumberingCounts } from './number-jumps.ts'
import { NumberLine } from './number-line.ts'
import { NEAR_UNITS } from './reorder-window.ts'
import { type SequenceUnit, startOf } from './sequence-unit.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** The stored state of a numbering; plain JSON. */
export interface NumberingState {
  /** null: the next number is unknown. */
  readonly next: number | null
  readonly slack?: number
  readonly boot?: StoredBoot | undefined
  /** The boot time in states from before `boot` was stored. */
  readonly bootMs?: number | null
  readonly holes?: readonly StoredHole[]
  readonly run?: StoredRun
}

export class SequenceNumbering {
  readonly judge: NumberJudge
  readonly ledger: GapLedger
  readonly #unit: SequenceUnit
  readonly #line: NumberLine
  readonly #boot = new BootClock()
  readonly #position = { nowMs: 0, count: 0 }
  readonly #counts: NumberingCounts
  #found: number | undefined

  /** @param counts shared with the other numberings of the series */
  constructor(unit: SequenceUnit, counts: NumberingCounts) {
    this.#unit = unit
    this.#counts = counts
    this.#line = new NumberLine(unit)
    this.ledger = new GapLedger(unit)
    const own = { line: this.#line, ledger: this.ledger, boot: this.#boot }
    this.judge = new NumberJudge({ ...own, counts, position: this.#position })
  }

  /** The next expected number; null while it is unknown. */
  get next(): number | null {
    const { isAnchored, isNextKnown, next } = this.#line
    return isAnchored && isNextKnown && this.#unit !== 'none' ? next : null
  }

  /** Whether a datagram is the next one of this stream, or missing in it. */
  accepts(datagram: SequencedDatagram): boolean {
    if (!this.#line.isAnchored || this.#unit === 'none') return true
    const start = startOf(this.#unit, datagram)
    if (this.#line.expects(datagram) || start === this.judge.jumps.earlierNext) return true
    return this.ledger.isMissing(start) || (!this.#line.isNextKnown && this.isNear(datagram))
  }

  /** Whether a datagram may follow after a small loss. */
  isNear(datagram: SequencedDatagram): boolean {
    return this.#line.distanceOf(datagram) >>> 0 < NEAR_UNITS
  }

  /** Returns how far a datagram is from the expected number, in either direction. */
  distanceTo(datagram: SequencedDatagram): number {
    const distance = this.#line.distanceOf(datagram)
    const earlier = this.judge.jumps.earlierNext ?? this.#line.next
    const fromEarlier = (distance + this.#line.next - earlier) | 0
    return Math.min(Math.abs(distance), Math.abs(fromEarlier))
  }

  /** Begins at a number. */
  beginAt(next: number, slack = 0): void {
    this.#line.moveTo({ next, slack, isNextKnown: true })
  }

  /** Returns the next number of another series that was found among the holes, once. */
  takeFound(): number | undefined {
    const found = this.#found
    this.#found = undefined
    return found
  }

  /**
   * Declares the holes that have left the reorder window, unless a favoured unit sees none there.
   *
   * @returns the gaps since the last call; mostly `NO_GAPS`
   */
  expire(nowMs: number, favoured: number): readonly SequenceGap[] {
    const position = { nowMs, count: this.#position.count }
    const stray = this.ledger.takeStrayHole(position)
    if (stray !== undefined) this.judge.forgetStray(stray, stray.headFills)
    const series = this.ledger.takeSeriesHole(position)
    if (series !== undefined) {
      this.#counts.late -= series.headFills
      this.#found = series.from
    }
    const { intervalMs } = this.judge
    this.ledger.declareExpired(position, { favoured, intervalMs })
    return this.ledger.takeGaps()
  }

  /**
   * Adds the records of a held set that is decoded now.
   *
   * @returns false when no undecoded message has its number
   */
  release(released: ReleasedSet, doubt: UnitDoubt): boolean {
    const missing = this.#line.release(released)
    if (missing === false) return false
    if (missing === undefined) return true
    this.ledger.open(missing, this.#position, doubt)
    this.ledger.confirm()
    return true
  }

  /** Forgets all holes and undecoded messages. */
  trim(): void {
    this.ledger.discardHoles()
    this.#line.forgetUndecoded()
  }

  /** The holes and the undecoded messages that are remembered. */
  get remembered(): number {
    return this.ledger.size + this.#line.undecoded
  }

  /**
   * Returns the state without what a new numbering has, too: most have nothing else.
   *
   * @param shiftMs added to times of the stream clock
   */
  toState(shiftMs: number): NumberingState {
    const state: { -readonly [P in keyof NumberingState]: NumberingState[P] } = { next: this.next }
    const boot = this.#boot.toState(shiftMs)
    const run = this.judge.toRun()
    if (this.#line.slack !== 0) state.slack = this.#line.slack
    if (boot !== undefined) state.boot = boot
    if (this.ledger.size > 0) {
      state.holes = this.ledger.toArray(this.#position.count, shiftMs)
    }
    if (run[0] !== 0 || run[1] !== 0) state.run = run
    return state
  }

  /** Continues from a stored state; `next` suffices. */
  restore({ next, slack, boot, bootMs, holes, run }: NumberingState): void {
    if (next !== null) this.beginAt(next, slack)
    if (boot) this.#boot.restore(boot)
    else if (bootMs != null) this.#boot.restore([bootMs, bootMs, 0, 0, 0])
    this.ledger.restore(holes ?? [])
    if (run !== undefined) this.judge.restoreRun(run)
  }
}
