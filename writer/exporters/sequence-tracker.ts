/**
 * Follows the sequence numbers of one stream and tells loss from reordering, duplicates, restarts
 * and wrong units. It is pure: time comes with the datagrams, and gaps are handed out, not stored.
 */

import { BootClock, type BootVerdict } from './boot-clock.ts'
import { GapLedger, type SequenceGap, type StoredHole } from './gap-ledger.ts'
import { RecentDatagrams } from './recent-datagrams.ts'
import { isFreshStart, NEAR_UNITS, RestartWatch, type StoredRun } from './restart-watch.ts'
import type { WindowPosition } from './sequence-holes.ts'
import { countUnits, isIndeterminate, knownUnits, type SequenceUnit } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceOutcome } from './sequenced-datagram.ts'
import { UndecodedMessages } from './undecoded-messages.ts'
import { type UnitChange, UnitLearner } from './unit-learner.ts'

/** So many messages in order from an earlier number are a restart, whatever the uptime says. */
const RESTART_RUN = 2
/** The uptime says that there was no boot: then more of them are asked for. */
const RESTART_RUN_SAME_BOOT = 8

/** What must be stored to follow a stream across a restart of this program; plain JSON. */
export interface SequenceState {
  readonly unit: SequenceUnit
  /** null: the next number is not known. */
  readonly next: number | null
  readonly bootMs?: number | null
  readonly holes?: readonly StoredHole[]
  readonly recent?: readonly number[]
  readonly learned?: readonly number[]
  readonly run?: StoredRun
}

/** Counters are totals since construction; they only fall when a judgement is taken back. */
export class SequenceTracker {
  readonly #learner: UnitLearner
  readonly #ledger: GapLedger
  readonly #recent = new RecentDatagrams()
  readonly #boot = new BootClock()
  readonly #watch = new RestartWatch()
  readonly #undecoded = new UndecodedMessages()
  /** Where the stream is: the last receive time, and how many datagrams were observed. */
  readonly #position = { nowMs: 0, count: 0 }

  #unit: SequenceUnit
  #unitChange: UnitChange | undefined
  #isAnchored = false
  #next = 0
  /** False after a message with undecoded sets: `#next` is then only a lower bound. */
  #isNextKnown = true

  #late = 0
  /** What `#late` was when the unit in use was adopted. */
  #lateBeforeUnit = 0
  #duplicates = 0
  #restarts = 0

  constructor(exportVersion: number) {
    this.#unit = knownUnits(exportVersion)[0]
    this.#learner = new UnitLearner(exportVersion)
    this.#ledger = new GapLedger(this.#unit)
  }

  /** Lost units; null when the stream has no sequence, so that loss cannot be known. */
  get lost(): number | null {
    return this.#unit === 'none' ? null : this.#ledger.lost
  }

  /** Datagrams behind the expected number, those that filled a hole included. */
  get late(): number {
    return this.#late
  }

  get duplicates(): number {
    return this.#duplicates
  }

  get restarts(): number {
    return this.#restarts
  }

  get unit(): SequenceUnit {
    return this.#unit
  }

  /** The next expected number; null while it is not known. */
  get next(): number | null {
    return this.#isAnchored && this.#isNextKnown && this.#unit !== 'none' ? this.#next : null
  }

  /** The receive time of the last datagram, Unix milliseconds; 0 before the first. */
  get lastReceivedAtMs(): number {
    return this.#position.nowMs
  }

  /** Tells, before decoding, whether one of the last 32 datagrams had this number and payload. */
  isDuplicate(sequence: number, fingerprint: number): boolean {
    return this.#unit !== 'none' && this.#recent.has(sequence, fingerprint)
  }

  /** Counts a datagram that is a duplicate; it is not observed. */
  countDuplicate(): void {
    this.#duplicates += 1
  }

  /** Tells whether a number is the next one of this stream, or missing in it. */
  accepts(sequence: number): boolean {
    if (!this.#isAnchored || this.#unit === 'none') return true
    if (sequence === this.#next || this.#ledger.isMissing(sequence)) return true
    return !this.#isNextKnown && this.isNear(sequence)
  }

  /** Tells whether a number may follow after a small loss. */
  isNear(sequence: number): boolean {
    return (sequence - this.#next) >>> 0 < NEAR_UNITS
  }

  /** Takes the next datagram after decoding, in the order of arrival. */
  observe(datagram: SequencedDatagram): SequenceOutcome {
    this.#position.nowMs = datagram.receivedAtMs
    this.#position.count += 1
    const betterUnit = this.#learner.observe(datagram)
    if (betterUnit !== undefined) this.#useUnit(betterUnit)
    if (this.#unit === 'none') return 'unsequenced'
    this.#recent.add(datagram.sequence, datagram.fingerprint)
    if (!this.#isAnchored) {
      this.#advance(datagram)
      return 'first'
    }
    return this.#place(datagram)
  }

  /**
   * Declares the holes that left the reorder window as loss. To be called after `observe`, and
   * from time to time while nothing comes.
   *
   * @returns gaps that were not handed out before; mostly the same empty array
   */
  expire(nowMs: number): readonly SequenceGap[] {
    if (this.#ledger.hasHoles) {
      const position: WindowPosition = { nowMs, count: this.#position.count }
      this.#ledger.declareExpired(position, this.#learner.doubt)
    }
    return this.#ledger.takeGaps()
  }

  /**
   * Adds the records of a held set that was decoded after all.
   *
   * @param sequence that of the message that the set came in
   * @returns false when no message of this number is waited for
   */
  release(sequence: number, dataRecords: number): boolean {
    if (!this.#undecoded.has(sequence)) return false
    const message = this.#undecoded.release(sequence, dataRecords)
    if (message === undefined) return true
    if (message.to === undefined) {
      this.#next = message.from
      this.#isNextKnown = true
    } else if (((message.to - message.from) | 0) > 0) {
      this.#ledger.open(message.from, message.to, this.#position)
    }
    return true
  }

  /** Gives a change of the unit once, for the log. */
  takeUnitChange(): UnitChange | undefined {
    const change = this.#unitChange
    this.#unitChange = undefined
    return change
  }

  /** Forgets what is missing without counting it: it was none of this stream. */
  discardHoles(): void {
    this.#ledger.discardHoles()
  }

  toState(): SequenceState {
    return {
      unit: this.#unit,
      next: this.next,
      bootMs: this.#boot.bootMs ?? null,
      holes: this.#ledger.toArray(this.#position.count),
      recent: this.#recent.toArray(),
      learned: this.#learner.toArray(),
      run: this.#watch.toRun(),
    }
  }

  /** Continues a stream from before a restart of this program; `unit` and `next` suffice. */
  restore(state: SequenceState): void {
    this.#unit = state.unit
    this.#learner.use(state.unit)
    this.#ledger.useUnit(state.unit)
    if (state.next !== null) {
      this.#next = state.next
      this.#isAnchored = true
    }
    if (state.bootMs != null) this.#boot.restore(state.bootMs)
    this.#ledger.restore(state.holes ?? [])
    this.#recent.restore(state.recent ?? [])
    this.#learner.restore(state.learned ?? [])
    if (state.run !== undefined) this.#watch.restore(state.run)
  }

  #place(datagram: SequencedDatagram): SequenceOutcome {
    const distance = (datagram.sequence - this.#next) | 0
    const boot = this.#boot.compare(datagram)
    if (distance === 0) {
      if (boot === 'changed') this.#boot.distrust()
      return this.#takeForward(datagram, 0)
    }
    const earlier = this.#watch.judge(datagram.sequence, distance, this.#position)
    if (earlier === 'late-of-earlier') return this.#countLate()
    if (earlier === 'resumes-earlier') return this.#resumeEarlier(datagram)
    if (boot === 'changed') return this.#restart(datagram, undefined)
    return distance > 0
      ? this.#takeForward(datagram, distance)
      : this.#takeBehind(datagram, -distance, boot)
  }

  #takeForward(datagram: SequencedDatagram, distance: number): SequenceOutcome {
    this.#watch.noteOrdinary()
    const wasNextKnown = this.#isNextKnown
    if (!wasNextKnown) this.#undecoded.close(datagram.sequence)
    else if (distance > 0) this.#ledger.open(this.#next, datagram.sequence, this.#position)
    this.#advance(datagram)
    if (!wasNextKnown) return 'indeterminate'
    return distance > 0 ? 'ahead' : 'in-order'
  }

  #takeBehind(datagram: SequencedDatagram, behind: number, boot: BootVerdict): SequenceOutcome {
    const { sequence } = datagram
    const units = isIndeterminate(this.#unit, datagram)
      ? undefined
      : countUnits(this.#unit, datagram)
    if (this.#ledger.fill(sequence, units)) {
      this.#watch.noteOrdinary()
      return this.#countLate()
    }
    this.#undecoded.forgetAround(sequence)
    const run = this.#watch.noteBehind(sequence, units ?? 0)
    const neededRun = boot === 'same' ? RESTART_RUN_SAME_BOOT : RESTART_RUN
    const isRestart = run >= neededRun || (boot !== 'same' && isFreshStart(sequence, behind))
    return isRestart ? this.#restart(datagram, run) : this.#countLate()
  }

  #countLate(): SequenceOutcome {
    this.#late += 1
    return 'late'
  }

  /** @param run how many datagrams in order let it be guessed; undefined: the uptime says it */
  #restart(datagram: SequencedDatagram, run: number | undefined): SequenceOutcome {
    const earlier = { next: this.#next, late: this.#late + 1, isGuess: run !== undefined }
    this.#watch.end(earlier, this.#position)
    // The datagrams of the run but this one had been taken for late ones.
    if (run !== undefined) this.#late -= run - 1
    this.#restarts += 1
    if (run === undefined) {
      this.#recent.clear()
      this.#recent.add(datagram.sequence, datagram.fingerprint)
    }
    if (this.#learner.doubt === 'strong') this.#ledger.discardHoles()
    else this.#ledger.declareAll(this.#position.nowMs)
    this.#undecoded.clear()
    this.#advance(datagram)
    return 'restart'
  }

  /** Takes a guessed restart back: the stream goes on where it had been before. */
  #resumeEarlier(datagram: SequencedDatagram): SequenceOutcome {
    const earlier = this.#watch.takeEarlier(this.#position)
    if (earlier !== undefined) {
      this.#ledger.discardHoles()
      this.#undecoded.clear()
      this.#isNextKnown = true
      this.#next = earlier.next
      this.#late = earlier.late
      this.#restarts -= 1
    }
    return this.#takeForward(datagram, (datagram.sequence - this.#next) | 0)
  }

  #advance(datagram: SequencedDatagram): void {
    const { sequence, undecodedSets } = datagram
    this.#boot.follow(datagram)
    this.#isAnchored = true
    this.#next = (sequence + countUnits(this.#unit, datagram)) >>> 0
    this.#isNextKnown = !isIndeterminate(this.#unit, datagram)
    if (this.#isNextKnown) return
    this.#undecoded.add({ sequence, from: this.#next, to: undefined, sets: undecodedSets })
  }

  #useUnit(unit: SequenceUnit): void {
    this.#unitChange = { from: this.#unit, to: unit }
    if (this.#learner.doubt === 'strong') this.#late = this.#lateBeforeUnit
    this.#lateBeforeUnit = this.#late
    this.#learner.use(unit)
    this.#ledger.useUnit(unit)
    this.#undecoded.clear()
    this.#unit = unit
    this.#isAnchored = false
  }
}
