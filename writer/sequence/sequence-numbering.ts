/**
 * Follows the sequence numbers of one stream in one unit, and distinguishes loss from reordering
 * and restarts. Time comes with the datagrams.
 */

import { BootClock, type BootVerdict } from './boot-clock.ts'
import { ANY_UNIT, GapLedger, type SequenceGap, type StoredHole } from './gap-ledger.ts'
import type { ReleasedSet } from './message-history.ts'
import { isFreshStart, NEAR_UNITS, RestartWatch, type StoredRun } from './restart-watch.ts'
import {
  countUnits,
  endOf,
  isInclusive,
  isIndeterminate,
  type SequenceUnit,
  startOf,
} from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import { UndecodedMessages } from './undecoded-messages.ts'
import type { UnitDoubt } from './unit-learner.ts'

/** A run of this many messages behind the expected number is a restart. */
const RESTART_RUN = 2
/** The length of such a run if the uptime denies a boot. */
const RESTART_RUN_SAME_BOOT = 8

/** The stored state of a numbering; plain JSON. */
export interface NumberingState {
  /** null: the next number is unknown. */
  readonly next: number | null
  readonly bootMs?: number | null
  readonly holes?: readonly StoredHole[]
  readonly run?: StoredRun
}

/** Counters are totals since construction. They fall only when a judgement is taken back. */
export class SequenceNumbering {
  readonly #unit: SequenceUnit
  readonly #ledger: GapLedger
  readonly #boot = new BootClock()
  readonly #watch = new RestartWatch()
  readonly #undecoded = new UndecodedMessages()
  /** The last receive time, and the number of observed datagrams. */
  readonly #position = { nowMs: 0, count: 0 }

  /** Whether `#next` is set: by a first datagram, or from the stored state. */
  #isAnchored = false
  #next = 0
  /** False after a message with undecoded sets: `#next` is then only a lower bound. */
  #isNextKnown = true
  /** Whether `#next` follows from the last message, and not from one before it. */
  #hasAdvanced = true
  #late = 0
  #restarts = 0
  #boots = 0

  constructor(unit: SequenceUnit) {
    this.#unit = unit
    this.#ledger = new GapLedger(unit)
  }

  get unit(): SequenceUnit {
    return this.#unit
  }

  /** Units in declared gaps. */
  get lost(): number {
    return this.#ledger.lost
  }

  /** Datagrams behind the expected number, including those that filled a hole. */
  get late(): number {
    return this.#late
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Restarts that the uptime shows. */
  get boots(): number {
    return this.#boots
  }

  /** The next expected number; null while it is unknown. */
  get next(): number | null {
    return this.#isAnchored && this.#isNextKnown && this.#unit !== 'none' ? this.#next : null
  }

  /** Whether a number is the next one of this stream, or missing in it. */
  accepts(start: number): boolean {
    if (!this.#isAnchored || this.#unit === 'none') return true
    if (start === this.#next || this.#ledger.isMissing(start)) return true
    return !this.#isNextKnown && this.isNear(start)
  }

  /** Whether a number may follow after a small loss. */
  isNear(start: number): boolean {
    return (start - this.#next) >>> 0 < NEAR_UNITS
  }

  /** Observes the next datagram, in the order of arrival and after its decoding. */
  observe(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    this.#position.nowMs = datagram.receivedAtMs
    this.#position.count += 1
    if (this.#unit === 'none') return 'unsequenced'
    if (this.#isAnchored) return this.#place(datagram, doubt)
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
    this.#ledger.declareExpired({ nowMs, count: this.#position.count }, favoured)
    return this.#ledger.takeGaps()
  }

  /**
   * Adds the records of a held set that is decoded now.
   *
   * @returns false when no undecoded message has its number
   */
  release(released: ReleasedSet, doubt: UnitDoubt): boolean {
    const { sequence } = released
    if (!this.#undecoded.has(sequence)) return false
    const counts = { ...released, templateRecords: 0, undecodedSets: 0 }
    const message = this.#undecoded.release(sequence, countUnits(this.#unit, counts))
    if (message === undefined) return true
    const { from, to } = message
    if (to === undefined) {
      this.#next = from
      this.#isNextKnown = true
    } else if (((to - from) | 0) > 0) {
      this.#ledger.open({ from, to }, this.#position, doubt)
    }
    return true
  }

  /** Forgets all holes without counting them: the numbers belong to another stream. */
  discardHoles(): void {
    this.#ledger.discardHoles()
  }

  toState(): NumberingState {
    return {
      next: this.next,
      bootMs: this.#boot.bootMs ?? null,
      holes: this.#ledger.toArray(this.#position.count),
      run: this.#watch.toRun(),
    }
  }

  /** Continues from a stored state; `next` suffices. */
  restore({ next, bootMs, holes, run }: NumberingState): void {
    if (next !== null) {
      this.#next = next
      this.#isAnchored = true
    }
    if (bootMs != null) this.#boot.restore(bootMs)
    this.#ledger.restore(holes ?? [])
    if (run !== undefined) this.#watch.restore(run)
  }

  #place(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    const start = startOf(this.#unit, datagram)
    const distance = (start - this.#next) | 0
    const boot = this.#boot.compare(datagram)
    if (distance === 0) {
      if (boot === 'changed') this.#boot.distrust()
      return this.#takeForward(datagram, 0, doubt)
    }
    if (doubt.isExplained && distance < 0) {
      // In a favoured unit it is the next datagram, so it is neither late nor a restart.
      this.#advance(datagram)
      return 'indeterminate'
    }
    const earlier = this.#watch.judge(start, distance, this.#position)
    if (earlier === 'late-of-earlier') return this.#countLate()
    if (earlier === 'resumes-earlier') return this.#resumeEarlier(datagram, doubt)
    if (boot === 'changed') return this.#restart(datagram, doubt, undefined)
    if (distance > 0) return this.#takeForward(datagram, distance, doubt)
    return this.#takeBehind(datagram, { start, behind: -distance, boot }, doubt)
  }

  #takeForward(datagram: SequencedDatagram, distance: number, doubt: UnitDoubt): SequenceVerdict {
    this.#watch.noteOrdinary()
    const from = this.#next
    const to = startOf(this.#unit, datagram)
    const isExact = this.#isNextKnown && (distance === 0 || !this.#hasOpenStart(datagram))
    if (!this.#isNextKnown) this.#undecoded.close(to)
    else if (isExact && distance > 0) {
      // The dissenting units compare this message with the last one only, not with an earlier one.
      const dissenting = this.#hasAdvanced ? doubt.dissenting : ANY_UNIT
      this.#ledger.open({ from, to }, this.#position, { ...doubt, dissenting })
    }
    this.#advance(datagram)
    if (!isExact) return 'indeterminate'
    return distance > 0 ? 'ahead' : 'in-order'
  }

  #takeBehind(
    datagram: SequencedDatagram,
    place: { readonly start: number; readonly behind: number; readonly boot: BootVerdict },
    doubt: UnitDoubt,
  ): SequenceVerdict {
    const { start, behind, boot } = place
    const units = isIndeterminate(this.#unit, datagram)
      ? undefined
      : countUnits(this.#unit, datagram)
    const isFilling = this.#hasOpenStart(datagram)
      ? this.#ledger.forgetHole((datagram.sequence - 1) >>> 0)
      : this.#ledger.fill(start, units, doubt)
    if (isFilling) {
      this.#watch.noteOrdinary()
      return this.#countLate()
    }
    this.#undecoded.forgetAround(start)
    const run = this.#watch.noteBehind(start, units ?? 0)
    const neededRun = boot === 'same' ? RESTART_RUN_SAME_BOOT : RESTART_RUN
    const isRestart = run >= neededRun || (boot !== 'same' && isFreshStart(start, behind))
    return isRestart ? this.#restart(datagram, doubt, run) : this.#countLate()
  }

  /** Whether undecoded sets hide the first number of a datagram. */
  #hasOpenStart(datagram: SequencedDatagram): boolean {
    return isInclusive(this.#unit) && isIndeterminate(this.#unit, datagram)
  }

  #countLate(): SequenceVerdict {
    this.#hasAdvanced = false
    this.#late += 1
    return 'late'
  }

  /** @param run the length of the run that suggests the restart; undefined: the uptime shows it */
  #restart(
    datagram: SequencedDatagram,
    { favoured }: UnitDoubt,
    run: number | undefined,
  ): SequenceVerdict {
    const earlier = { next: this.#next, late: this.#late + 1, isGuess: run !== undefined }
    this.#watch.end(earlier, this.#position)
    // All datagrams of the run but this one were counted as late.
    if (run !== undefined) this.#late -= run - 1
    else this.#boots += 1
    this.#restarts += 1
    if (run === undefined) this.#ledger.declareAll(this.#position.nowMs, favoured)
    else this.#ledger.setAside()
    this.#undecoded.clear()
    this.#advance(datagram)
    return 'restart'
  }

  /** Undoes a guessed restart: the datagram continues the earlier numbering. */
  #resumeEarlier(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    const earlier = this.#watch.takeEarlier(this.#position)
    if (earlier !== undefined) {
      this.#ledger.takeBack()
      this.#undecoded.clear()
      this.#isNextKnown = true
      this.#next = earlier.next
      this.#late = earlier.late
      this.#restarts -= 1
    }
    const start = startOf(this.#unit, datagram)
    return this.#takeForward(datagram, (start - this.#next) | 0, doubt)
  }

  #advance(datagram: SequencedDatagram): void {
    const { sequence, undecodedSets } = datagram
    this.#boot.follow(datagram)
    this.#isAnchored = true
    this.#hasAdvanced = true
    this.#next = endOf(this.#unit, datagram)
    this.#isNextKnown = isInclusive(this.#unit) || !isIndeterminate(this.#unit, datagram)
    if (this.#isNextKnown) return
    this.#undecoded.add({ sequence, from: this.#next, to: undefined, sets: undecodedSets })
  }
}
