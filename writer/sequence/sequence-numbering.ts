/**
 * Follows the sequence numbers of one stream in one given unit, and distinguishes loss from
 * reordering, restarts and strays. Time comes with the datagrams.
 */

import { BootClock, type BootVerdict, isSameBoot, type StoredBoot } from './boot-clock.ts'
import { Cadence } from './cadence.ts'
import { Departure, NEAR_UNITS } from './departure.ts'
import { GapLedger, type SequenceGap, type StoredHole } from './gap-ledger.ts'
import type { ReleasedSet } from './message-history.ts'
import { NumberLine } from './number-line.ts'
import { FAR_BEHIND_UNITS, isFreshStart, RestartWatch, type StoredRun } from './restart-watch.ts'
import { ANY_UNIT, type NumberRange } from './sequence-hole.ts'
import { countSlack, countUnits, type SequenceUnit, startOf } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** A run of this many messages from an earlier number is a restart, unless the uptime denies it. */
const RESTART_RUN = 2
/** The length of such a run if the uptime says that there was no boot. */
const RESTART_RUN_SAME_BOOT = 8

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

/** Counters are totals since construction. They fall only when a judgement is taken back. */
export class SequenceNumbering {
  readonly #unit: SequenceUnit
  readonly #line: NumberLine
  readonly #ledger: GapLedger
  readonly #boot = new BootClock()
  readonly #watch = new RestartWatch()
  readonly #departure = new Departure()
  readonly #cadence = new Cadence()
  /** The last receive time, and the number of datagrams observed. */
  readonly #position = { nowMs: 0, count: 0 }

  /** Whether the expected number comes from the last message, not from an earlier one. */
  #hasAdvanced = true
  /** A stray that the numbers have not passed yet; it may turn out to have been none. */
  #early: NumberRange | undefined
  #left: number | undefined
  #found: number | undefined

  #late = 0
  #restarts = 0
  #boots = 0
  #strays = 0

  constructor(unit: SequenceUnit) {
    this.#unit = unit
    this.#line = new NumberLine(unit)
    this.#ledger = new GapLedger(unit)
  }

  /** Datagrams behind the expected number, including those that filled a hole. */
  get late(): number {
    return this.#late
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Restarts that the uptime showed; a total that never falls. */
  get boots(): number {
    return this.#boots
  }

  /** Datagrams whose numbers neither the stream nor other datagrams continued. */
  get strays(): number {
    return this.#strays + this.#departure.loneJumpers
  }

  /** The next expected number; null while it is unknown. */
  get next(): number | null {
    const { isAnchored, isNextKnown, next } = this.#line
    return isAnchored && isNextKnown && this.#unit !== 'none' ? next : null
  }

  /** Whether the numbers have jumped, and the earlier ones may still go on. */
  get isAway(): boolean {
    return this.#departure.isAway
  }

  /** Whether a datagram is the next one of this stream, or missing in it. */
  accepts(datagram: SequencedDatagram): boolean {
    if (!this.#line.isAnchored || this.#unit === 'none') return true
    const start = startOf(this.#unit, datagram)
    if (this.#line.expects(datagram) || start === this.#departure.earlierNext) return true
    return this.#ledger.isMissing(start) || (!this.#line.isNextKnown && this.isNear(datagram))
  }

  /** Whether a datagram may follow after a small loss. */
  isNear(datagram: SequencedDatagram): boolean {
    return this.#line.distanceOf(datagram) >>> 0 < NEAR_UNITS
  }

  /** Returns how far a datagram is from the expected number, in either direction. */
  distanceTo(datagram: SequencedDatagram): number {
    const distance = this.#line.distanceOf(datagram)
    const earlier = this.#departure.earlierNext ?? this.#line.next
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

  /** Returns the next number of a numbering that was left for good, once. */
  takeLeft(): number | undefined {
    const left = this.#left
    this.#left = undefined
    return left
  }

  /** Observes the next datagram, in the order of arrival and after its decoding. */
  observe(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    this.#position.nowMs = datagram.receivedAtMs
    this.#position.count += 1
    if (this.#unit === 'none') return 'unsequenced'
    if (this.#line.isAnchored) return this.#place(datagram, doubt)
    this.#advance(datagram)
    return 'first'
  }

  /** Whether `expire` may have something to do. */
  get hasNews(): boolean {
    return this.#ledger.hasNews
  }

  /**
   * Declares the holes that have left the reorder window, unless a favoured unit sees none there.
   *
   * @returns the gaps since the last call; mostly `NO_GAPS`
   */
  expire(nowMs: number, favoured: number): readonly SequenceGap[] {
    const position = { nowMs, count: this.#position.count }
    const stray = this.#ledger.takeStrayHole(position)
    if (stray !== undefined) {
      this.#early = { from: stray.to, to: this.#line.next }
      this.#line.moveTo({ next: stray.from, slack: stray.slack, isNextKnown: true })
      this.#late -= stray.headFills
      this.#strays += 1
    }
    const series = this.#ledger.takeSeriesHole(position)
    if (series !== undefined) {
      this.#late -= series.headFills
      this.#found = series.from
    }
    const intervalMs = this.#cadence.intervalMs ?? 0
    this.#ledger.declareExpired(position, { favoured, intervalMs })
    return this.#ledger.takeGaps()
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
    this.#ledger.open(missing, this.#position, doubt)
    this.#ledger.confirm()
    return true
  }

  /** Forgets all holes without counting them: the numbers belong to another stream. */
  discardHoles(): void {
    this.#ledger.discardHoles()
  }

  /**
   * Takes a jump back that is not certain yet, if there is one. The datagrams since the jump,
   * including the last one, belong to another numbering.
   */
  comeHome(): void {
    this.#goHome(this.#position.count + 1)
  }

  /** @param shiftMs added to times of the stream clock */
  toState(shiftMs: number): NumberingState {
    return {
      next: this.next,
      slack: this.#line.slack,
      boot: this.#boot.toState(shiftMs),
      holes: this.#ledger.toArray(this.#position.count, shiftMs),
      run: this.#watch.toRun(),
    }
  }

  /** Continues from a stored state; `next` suffices. */
  restore({ next, slack, boot, bootMs, holes, run }: NumberingState): void {
    if (next !== null) this.beginAt(next, slack)
    if (boot) this.#boot.restore(boot)
    else if (bootMs != null) this.#boot.restore([bootMs, bootMs, 0, 0, 0])
    this.#ledger.restore(holes ?? [])
    if (run !== undefined) this.#watch.restore(run)
  }

  #place(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    const distance = this.#line.distanceOf(datagram)
    const boot = this.#boot.compare(datagram)
    this.#left = this.#departure.settle(this.#position)?.next ?? this.#left
    if (this.#line.expects(datagram)) {
      if (boot === 'changed') this.#boot.distrust()
      return this.#takeForward(datagram, 0, doubt)
    }
    if (doubt.isExplained && distance < 0) {
      // In a favoured unit it is the next datagram, so it is neither late nor a restart.
      this.#advance(datagram)
      return 'indeterminate'
    }
    if (this.#departure.isAway) {
      const isEarlierBoot = isSameBoot(this.#departure.earlierBoot, datagram)
      const start = startOf(this.#unit, datagram)
      const verdict = this.#departure.judge(start, distance, isEarlierBoot)
      if (verdict === 'late-of-earlier') {
        this.#fill(datagram, doubt)
        return this.#countLate()
      }
      const isWild = this.#departure.isLone && Math.abs(distance) > NEAR_UNITS
      if (verdict === 'resumes-earlier' || isWild) {
        this.#goHome(this.#position.count)
        return this.#place(datagram, doubt)
      }
    }
    if (boot === 'changed') return this.#restart(datagram, { kind: 'boot', jumpers: 1 })
    if (distance <= 0) return this.#takeBehind(datagram, boot, doubt)
    if (distance <= NEAR_UNITS) return this.#takeForward(datagram, distance, doubt)
    return this.#jump(datagram, doubt)
  }

  /** Goes far ahead for now: the next datagrams decide whether it is a loss or a stray. */
  #jump(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    const { next: from, slack, isNextKnown } = this.#line
    const isExact = isNextKnown && !this.#line.hasOpenStart(datagram)
    const { dissenting } = this.#doubtOf(doubt)
    const jump = { from, to: startOf(this.#unit, datagram), slack, dissenting }
    this.#leave({ kind: 'loss', jumpers: 1 })
    this.#ledger.setAside(isExact ? jump : undefined, this.#position)
    this.#advance(datagram)
    return 'undecided'
  }

  #takeForward(datagram: SequencedDatagram, distance: number, doubt: UnitDoubt): SequenceVerdict {
    this.#watch.noteOrdinary()
    if (this.#departure.isLone) {
      this.#departure.confirm()
      this.#ledger.confirmJump()
    }
    const { next: from, isNextKnown } = this.#line
    const to = startOf(this.#unit, datagram)
    const isExact = isNextKnown && (distance === 0 || !this.#line.hasOpenStart(datagram))
    if (!isNextKnown) this.#line.closeUndecoded(to)
    else if (isExact && distance > 0) this.#openHoles({ from, to }, this.#doubtOf(doubt))
    else this.#ledger.confirm()
    this.#advance(datagram)
    if (!isExact) return 'indeterminate'
    return distance > 0 ? 'ahead' : 'in-order'
  }

  #openHoles({ from, to }: NumberRange, doubt: UnitDoubt): void {
    const { slack } = this.#line
    const early = this.#early
    this.#early = undefined
    const isPassed = early && ((early.from - from) | 0) >= 0 && ((to - early.to) | 0) >= 0
    if (!isPassed || early.from === to) {
      this.#ledger.open({ from, to, slack }, this.#position, doubt)
      return
    }
    // The numbers have passed over the stray, so it was none.
    this.#strays -= 1
    if (early.from !== from) {
      this.#ledger.open({ from, to: early.from, slack }, this.#position, doubt)
    }
    if (early.to !== to) this.#ledger.open({ from: early.to, to }, this.#position, doubt)
  }

  #doubtOf(doubt: UnitDoubt): UnitDoubt {
    // The dissenting units compare this message with the last one only, not with an earlier one.
    return this.#hasAdvanced ? doubt : { ...doubt, dissenting: ANY_UNIT }
  }

  #takeBehind(datagram: SequencedDatagram, boot: BootVerdict, doubt: UnitDoubt): SequenceVerdict {
    const start = startOf(this.#unit, datagram)
    const behind = -this.#line.distanceOf(datagram)
    if (this.#fill(datagram, doubt)) {
      this.#watch.noteOrdinary()
      return this.#line.isBehindEndOf(datagram) ? this.#replaceStray(datagram) : this.#countLate()
    }
    this.#line.forgetUndecoded(start)
    const units = this.#line.hasOpenEnd(datagram) ? 0 : countUnits(this.#unit, datagram)
    const run = this.#watch.noteBehind(start, units)
    const neededRun = boot === 'same' ? RESTART_RUN_SAME_BOOT : RESTART_RUN
    const areLate = behind <= FAR_BEHIND_UNITS
    if (run >= neededRun || (boot !== 'same' && isFreshStart(start, behind))) {
      // All datagrams of the run but this one were counted as late, or as strays.
      if (areLate) this.#late -= run - 1
      else this.#strays -= run - 1
      return this.#restart(datagram, { kind: 'guess', jumpers: run, areLate })
    }
    if (areLate) return this.#countLate()
    this.#hasAdvanced = false
    this.#strays += 1
    return 'undecided'
  }

  #fill(datagram: SequencedDatagram, { dissenting }: UnitDoubt): boolean {
    if (this.#line.hasOpenStart(datagram)) {
      return this.#ledger.forgetHole((datagram.sequence - 1) >>> 0)
    }
    const start = startOf(this.#unit, datagram)
    const units = this.#line.hasOpenEnd(datagram) ? undefined : countUnits(this.#unit, datagram)
    const slack = countSlack(this.#unit, datagram)
    return this.#ledger.fill({ start, units, slack, dissenting }, this.#position.count)
  }

  /**
   * Goes on after a late datagram that has expected numbers, too. Messages do not overlap, so the
   * one that seemed to be ahead of it was a stray.
   */
  #replaceStray(datagram: SequencedDatagram): SequenceVerdict {
    this.#strays += 1
    this.#advance(datagram)
    return 'in-order'
  }

  #countLate(): SequenceVerdict {
    this.#hasAdvanced = false
    this.#late += 1
    return 'late'
  }

  #restart(
    datagram: SequencedDatagram,
    jump: { readonly kind: 'boot' | 'guess'; readonly jumpers: number; readonly areLate?: boolean },
  ): SequenceVerdict {
    if (jump.kind === 'boot') this.#boots += 1
    this.#restarts += 1
    this.#leave(jump)
    this.#ledger.setAside()
    this.#line.forgetUndecoded()
    this.#advance(datagram)
    return 'restart'
  }

  #leave(jump: {
    readonly kind: 'boot' | 'guess' | 'loss'
    readonly jumpers: number
    readonly areLate?: boolean
  }): void {
    this.#watch.noteOrdinary()
    this.#early = undefined
    const boot = this.#boot.toState(0)
    const earlier = { areLate: false, ...jump, ...this.#line.place, boot }
    this.#departure.leave(earlier, this.#position)
  }

  /**
   * Takes a jump back: the datagrams since were late ones, or strays.
   *
   * @param count how many datagrams were observed, with one that goes on at home
   */
  #goHome(count: number): void {
    const earlier = this.#departure.takeBack(count)
    if (earlier === undefined) return
    this.#ledger.takeBack(earlier.leftAtCount)
    this.#line.moveTo(earlier)
    this.#hasAdvanced = false
    if (earlier.boot) this.#boot.restore(earlier.boot)
    if (earlier.areLate) this.#late += earlier.jumpers
    else this.#strays += earlier.jumpers
    if (earlier.kind !== 'loss') this.#restarts -= 1
  }

  #advance(datagram: SequencedDatagram): void {
    this.#boot.follow(datagram)
    this.#cadence.note(datagram.receivedAtMs)
    this.#line.advance(datagram)
    this.#hasAdvanced = true
  }
}
