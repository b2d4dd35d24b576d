/**
 * Follows one stream's sequence: finds out what its numbers count, knows duplicates, and has the
 * numbers followed in that unit. It is pure: time comes with the datagrams, and gaps are handed out.
 */

import { NO_GAPS, type SequenceGap } from './gap-ledger.ts'
import {
  type HeardMessage,
  type HeardStep,
  MessageHistory,
  type ReleasedSet,
  type StoredMessage,
} from './message-history.ts'
import { RecentDatagrams } from './recent-datagrams.ts'
import { type NumberingState, SequenceNumbering } from './sequence-numbering.ts'
import { endOf, knownUnits, type SequenceUnit, startOf } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import { type UnitChange, UnitLearner } from './unit-learner.ts'

/** So many messages are stored of a stream of which nothing speaks against its unit. */
const CALM_MESSAGES = 8

/** What must be stored to follow a stream across a restart of this program; plain JSON. */
export interface SequenceState extends NumberingState {
  readonly unit: SequenceUnit
  readonly recent?: readonly number[]
  readonly learned?: readonly number[]
  /** The last message; more of them while it is not clear what the exporter counts. */
  readonly history?: readonly StoredMessage[]
}

/** The numbers that a datagram stands for, in the unit of a tracker. */
export interface NumberRange {
  readonly start: number
  /** The first number behind it. */
  readonly end: number
}

/** Counters are totals since construction; they only fall when a judgement is taken back. */
export class SequenceTracker {
  readonly #learner: UnitLearner
  readonly #recent = new RecentDatagrams()
  /** What is still to be judged anew if the unit changes; else the last message only. */
  readonly #history = new MessageHistory()
  #numbering: SequenceNumbering
  /** What numberings in other units had counted of messages that are not judged anew. */
  #former = { lost: 0, late: 0, restarts: 0 }
  /** Lost units of the gaps that were handed out. */
  #declaredLost = 0
  #unitChange: UnitChange | undefined
  #duplicates = 0
  #lastReceivedAtMs = 0
  #isFirst = true

  constructor(exportVersion: number) {
    this.#numbering = new SequenceNumbering(knownUnits(exportVersion)[0])
    this.#learner = new UnitLearner(exportVersion)
  }

  /** Lost units; null when the stream has no sequence, so that loss cannot be known. */
  get lost(): number | null {
    return this.unit === 'none' ? null : this.#former.lost + this.#numbering.lost
  }

  /** Datagrams behind the expected number, those that filled a hole included. */
  get late(): number {
    return this.#former.late + this.#numbering.late
  }

  get duplicates(): number {
    return this.#duplicates
  }

  get restarts(): number {
    return this.#former.restarts + this.#numbering.restarts
  }

  get unit(): SequenceUnit {
    return this.#numbering.unit
  }

  /** The next expected number; null while it is not known. */
  get next(): number | null {
    return this.#numbering.next
  }

  /** The receive time of the last datagram, Unix milliseconds; 0 before the first. */
  get lastReceivedAtMs(): number {
    return this.#lastReceivedAtMs
  }

  /** Tells, before decoding, whether one of the last 32 datagrams had this number and payload. */
  isDuplicate(sequence: number, fingerprint: number): boolean {
    return this.unit !== 'none' && this.#recent.has(sequence, fingerprint)
  }

  /** Counts a datagram that is a duplicate; it is not observed. */
  countDuplicate(): void {
    this.#duplicates += 1
  }

  /** Gives the numbers that a datagram stands for if it is one of this stream. */
  rangeOf(datagram: SequencedDatagram): NumberRange {
    return { start: startOf(this.unit, datagram), end: endOf(this.unit, datagram) }
  }

  /** Tells whether a datagram is the next one of this stream, or missing in it. */
  accepts(datagram: SequencedDatagram): boolean {
    return this.#numbering.accepts(startOf(this.unit, datagram))
  }

  /** Tells whether a datagram may follow after a small loss. */
  isNear(datagram: SequencedDatagram): boolean {
    return this.#numbering.isNear(startOf(this.unit, datagram))
  }

  /** Takes the next datagram after decoding, in the order of arrival. */
  observe(datagram: SequencedDatagram): SequenceVerdict {
    const { sequence, fingerprint, receivedAtMs } = datagram
    this.#lastReceivedAtMs = receivedAtMs
    const step = this.#history.add(datagram, this)
    const { boots } = this.#numbering
    this.#learn(step)
    const proven = this.#learner.provenUnit
    const outcome = proven === undefined ? this.#number(step) : this.#useUnit(proven)
    // The same numbers and payloads may come again after a boot.
    if (this.#numbering.boots > boots) this.#recent.clear()
    if (this.unit !== 'none') this.#recent.add(sequence, fingerprint)
    this.#shortenHistory(receivedAtMs)
    return outcome
  }

  /**
   * Declares the holes that left the reorder window as loss, unless what was heard speaks for a
   * unit in which there are none. To be called after `observe`, and from time to time while nothing
   * comes.
   *
   * @returns gaps that were not handed out before; mostly the same empty array
   */
  expire(nowMs: number): readonly SequenceGap[] {
    if (!this.#numbering.hasNews) return NO_GAPS
    const gaps = this.#numbering.expire(nowMs, this.#learner.favouredAt(nowMs))
    if (gaps.length === 0) return gaps
    // What was declared stays declared.
    this.#history.forget()
    for (const { lost } of gaps) this.#declaredLost += lost
    return gaps
  }

  /**
   * Adds the records of a held set that was decoded after all.
   *
   * @returns false when no message of this number is waited for
   */
  release(released: ReleasedSet): boolean {
    for (const step of this.#history.release(released)) this.#learn(step)
    const proven = this.#learner.provenUnit
    if (proven !== undefined) {
      this.#useUnit(proven)
      return true
    }
    this.#learner.skip()
    return this.#numbering.release(released, this.#learner.doubtAt(this.#lastReceivedAtMs))
  }

  /** Gives a change of the unit once, for the log. */
  takeUnitChange(): UnitChange | undefined {
    const change = this.#unitChange
    this.#unitChange = undefined
    return change
  }

  /** Forgets what is missing without counting it: it was none of this stream. */
  discardHoles(): void {
    this.#numbering.discardHoles()
    this.#history.forget()
  }

  toState(): SequenceState {
    // A few are enough to go on learning from; all are stored of few streams, for a short time.
    const mayChange = this.#learner.hasRivals || this.#history.hasUndecoded
    const messages = mayChange ? undefined : CALM_MESSAGES
    return {
      unit: this.unit,
      ...this.#numbering.toState(),
      recent: this.#recent.toArray(),
      learned: this.#learner.toArray(),
      history: this.#history.toArray(this, messages),
    }
  }

  /** Continues a stream from before a restart of this program; `unit` and `next` suffice. */
  restore(state: SequenceState): void {
    this.#isFirst = state.next === null
    this.#numbering = new SequenceNumbering(state.unit)
    this.#numbering.restore(state)
    this.#learner.use(state.unit)
    this.#learner.restore(state.learned ?? [])
    this.#recent.restore(state.recent ?? [])
    this.#history.restore(state.history ?? [])
  }

  #learn(step: HeardStep): void {
    const { previous, message, next } = step
    const nowMs = message.receivedAtMs
    this.#learner.skip()
    if (next !== undefined) this.#learnOvertaken(step)
    else if (previous === undefined) {
      if (this.#isFirst) this.#learner.compareFirst(message, nowMs)
    } else if (isDecoded(previous) && isDecoded(message)) {
      this.#learner.compare(previous, message, nowMs)
    }
    this.#isFirst = false
  }

  #learnOvertaken({ previous, message, next }: HeardStep): void {
    const nowMs = message.receivedAtMs
    if (previous && next && isDecoded(previous) && isDecoded(next)) {
      this.#learner.retract(previous, next)
    }
    if (!isDecoded(message)) return
    if (next && isDecoded(next)) this.#learner.compare(message, next, nowMs)
    if (previous && isDecoded(previous)) this.#learner.compare(previous, message, nowMs)
    // It says nothing of the number that is expected.
    this.#learner.skip()
  }

  #number({ message }: HeardStep): SequenceVerdict {
    return this.#numbering.observe(message, this.#learner.doubtAt(message.receivedAtMs))
  }

  /** Goes on in another unit, and judges in it what came since something spoke for it. */
  #useUnit(unit: SequenceUnit): SequenceVerdict {
    this.#unitChange = { from: this.unit, to: unit }
    const { first } = this.#history
    this.#former = {
      lost: this.#declaredLost,
      late: first?.lateBefore ?? this.late,
      restarts: first?.restartsBefore ?? this.restarts,
    }
    this.#learner.use(unit)
    this.#numbering = new SequenceNumbering(unit)
    let outcome: SequenceVerdict = 'first'
    for (const step of this.#history.steps()) {
      this.#learn(step)
      outcome = this.#number(step)
    }
    return outcome
  }

  #shortenHistory(nowMs: number): void {
    const isNeeded = this.#history.hasUndecoded || !this.#learner.isSettled(nowMs)
    if (!isNeeded) this.#history.forget()
  }
}

function isDecoded({ undecodedSets }: HeardMessage): boolean {
  return undecodedSets === 0
}
