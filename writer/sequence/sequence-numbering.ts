/**
 * Follows the sequence numbers of one stream in one given unit and tells loss from reordering and
 * restarts. It is pure: time comes with the datagrams, and gaps are handed out, not stored.
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

/** So many messages in order from an earlier number are a restart, whatever the uptime says. */
const RESTART_RUN = 2
/** The uptime says that there was no boot: then more of them are asked for. */
const RESTART_RUN_SAME_BOOT = 8

/** What must be stored to follow the numbers across a restart of this program; plain JSON. */
export interface NumberingState {
  /** null: the next number is not known. */
  readonly next: number | null
  readonly bootMs?: number | null
  readonly holes?: readonly StoredHole[]
  readonly run?: StoredRun
}

/** Counters are totals since construction; they only fall when a judgement is taken back. */
export class SequenceNumbering {
  readonly #unit: SequenceUnit
  readonly #ledger: GapLedger
  readonly #boot = new BootClock()
  readonly #watch = new RestartWatch()
  readonly #undecoded = new UndecodedMessages()
  /** Where the stream is: the last receive time, and how many datagrams were observed. */
  readonly #position = { nowMs: 0, count: 0 }

  #isAnchored = false
  #next = 0
  /** False after a message with undecoded sets: `#next` is then only a lower bound. */
  #isNextKnown = true

  /** `#next` is behind the last message, not behind one before it. */
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

  get lost(): number {
    return this.#ledger.lost
  }

  /** Datagrams behind the expected number, those that filled a hole included. */
  get late(): number {
    return this.#late
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Restarts that the uptime told. */
  get boots(): number {
    return this.#boots
  }

  /** The next expected number; null while it is not known. */
  get next(): number | null {
    return this.#isAnchored && this.#isNextKnown && this.#unit !== 'none' ? this.#next : null
  }

  /** Tells whether a number is the next one of this stream, or missing in it. */
  accepts(start: number): boolean {
    if (!this.#isAnchored || this.#unit === 'none') return true
    if (start === this.#next || this.#ledger.isMissing(start)) return true
    return !this.#isNextKnown && this.isNear(start)
  }

  /** Tells whether a number may follow after a small loss. */
  isNear(start: number): boolean {
    return (start - this.#next) >>> 0 < NEAR_UNITS
  }

  /** Takes the next datagram after decoding, in the order of arrival. */
  observe(datagram: SequencedDatagram, doubt: UnitDoubt): SequenceVerdict {
    this.#position.nowMs = datagram.receivedAtMs
    this.#position.count += 1
    if (this.#unit === 'none') return 'unsequenced'
    if (this.#isAnchored) return this.#place(datagram, doubt)
    this.#advance(datagram)
    return 'first'
  }

  /** Tells whether `expire` may have something to do. */
  get hasNews(): boolean {
    return this.#ledger.hasNews
  }

  /**
   * Declares the holes that left the reorder window as loss, unless a favoured unit sees none there.
   *
   * @returns gaps that were not handed out before; mostly the same empty array
   */
  expire(nowMs: number, favoured: number): readonly SequenceGap[] {
    this.#ledger.declareExpired({ nowMs, count: this.#position.count }, favoured)
    return this.#ledger.takeGaps()
  }

  /**
   * Adds the records of a held set that was decoded after all.
   *
   * @returns false when no message of this number is waited for
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

  /** Forgets what is missing without counting it: it was none of this stream. */
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

  /** Continues from before a restart of this program; `next` suffices. */
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
      // By another unit it is the next one: there is neither a late one nor a restart to be seen.
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
      // What the units say of this message is about the one before it, not about one before that.
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

  /** Tells whether undecoded sets hide the first number that a datagram stands for. */
  #hasOpenStart(datagram: SequencedDatagram): boolean {
    return isInclusive(this.#unit) && isIndeterminate(this.#unit, datagram)
  }

  #countLate(): SequenceVerdict {
    this.#hasAdvanced = false
    this.#late += 1
    return 'late'
  }

  /** @param run how many datagrams in order let it be guessed; undefined: the uptime says it */
  #restart(
    datagram: SequencedDatagram,
    { favoured }: UnitDoubt,
    run: number | undefined,
  ): SequenceVerdict {
    const earlier = { next: this.#next, late: this.#late + 1, isGuess: run !== undefined }
    this.#watch.end(earlier, this.#position)
    // The datagrams of the run but this one had been taken for late ones.
    if (run !== undefined) this.#late -= run - 1
    else this.#boots += 1
    this.#restarts += 1
    if (run === undefined) this.#ledger.declareAll(this.#position.nowMs, favoured)
    else this.#ledger.setAside()
    this.#undecoded.clear()
    this.#advance(datagram)
    return 'restart'
  }

  /** Takes a guessed restart back: the stream goes on where it had been before. */
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
