/**
 * Follows the sequence of one stream: finds duplicates, learns the unit of the numbers, and follows
 * the numbers in that unit. Time comes with the datagrams.
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

/** The number of stored messages while the unit is not in doubt. */
const CALM_MESSAGES = 8

/** The stored state of a stream's sequence; plain JSON. */
export interface SequenceState extends NumberingState {
  readonly unit: SequenceUnit
  readonly recent?: readonly number[]
  readonly learned?: readonly number[]
  /** The last messages; all that are remembered while the unit is in doubt. */
  readonly history?: readonly StoredMessage[]
}

/** The numbers that a datagram stands for, in the unit of a tracker. */
export interface NumberRange {
  readonly start: number
  /** The first number after the datagram. */
  readonly end: number
}

/** Counters are totals since construction. They fall only when a judgement is taken back. */
export class SequenceTracker {
  readonly #learner: UnitLearner
  readonly #recent = new RecentDatagrams()
  /** Messages to judge again if the unit changes. While the unit is settled, the last one only. */
  readonly #history = new MessageHistory()
  #numbering: SequenceNumbering
  /** Counters from numberings in other units, for messages that are not judged again. */
  #former = { lost: 0, late: 0, restarts: 0 }
  /** Lost units in the gaps that `expire` has returned. */
  #declaredLost = 0
  #unitChange: UnitChange | undefined
  #duplicates = 0
  #lastReceivedAtMs = 0
  #isFirst = true

  constructor(exportVersion: number) {
    this.#numbering = new SequenceNumbering(knownUnits(exportVersion)[0])
    this.#learner = new UnitLearner(exportVersion)
  }

  /** Lost units; null when the stream has no sequence numbers, so that loss is unknown. */
  get lost(): number | null {
    return this.unit === 'none' ? null : this.#former.lost + this.#numbering.lost
  }

  /** Datagrams behind the expected number, including those that filled a hole. */
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

  /** The next expected number; null while it is unknown. */
  get next(): number | null {
    return this.#numbering.next
  }

  /** The receive time of the last datagram, Unix milliseconds; 0 before the first. */
  get lastReceivedAtMs(): number {
    return this.#lastReceivedAtMs
  }

  /** Whether one of the last 32 datagrams has this number and payload; asked before decoding. */
  isDuplicate(sequence: number, fingerprint: number): boolean {
    return this.unit !== 'none' && this.#recent.has(sequence, fingerprint)
  }

  /** Counts a duplicate, which is not observed. */
  countDuplicate(): void {
    this.#duplicates += 1
  }

  /** Returns the numbers that a datagram stands for if it belongs to this stream. */
  rangeOf(datagram: SequencedDatagram): NumberRange {
    return { start: startOf(this.unit, datagram), end: endOf(this.unit, datagram) }
  }

  /** Whether a datagram is the next one of this stream, or missing in it. */
  accepts(datagram: SequencedDatagram): boolean {
    return this.#numbering.accepts(startOf(this.unit, datagram))
  }

  /** Whether a datagram may follow after a small loss. */
  isNear(datagram: SequencedDatagram): boolean {
    return this.#numbering.isNear(startOf(this.unit, datagram))
  }

  /** Observes the next datagram, in the order of arrival and after its decoding. */
  observe(datagram: SequencedDatagram): SequenceVerdict {
    const { sequence, fingerprint, receivedAtMs } = datagram
    this.#lastReceivedAtMs = receivedAtMs
    const step = this.#history.add(datagram, this)
    const { boots } = this.#numbering
    this.#learn(step)
    const proven = this.#learner.provenUnit
    const verdict = proven === undefined ? this.#number(step) : this.#useUnit(proven)
    // A rebooted exporter may repeat numbers and payloads.
    if (this.#numbering.boots > boots) this.#recent.clear()
    if (this.unit !== 'none') this.#recent.add(sequence, fingerprint)
    this.#shortenHistory(receivedAtMs)
    return verdict
  }

  /**
   * Declares the holes that have left the reorder window, unless a favoured unit sees none there.
   * The caller calls it after each `observe`, and regularly while the stream is silent.
   *
   * @returns the gaps since the last call; mostly `NO_GAPS`
   */
  expire(nowMs: number): readonly SequenceGap[] {
    if (!this.#numbering.hasNews) return NO_GAPS
    const gaps = this.#numbering.expire(nowMs, this.#learner.favouredAt(nowMs))
    if (gaps.length === 0) return gaps
    // A declared gap is final, so the messages around it are never judged again.
    this.#history.forget()
    for (const { lost } of gaps) this.#declaredLost += lost
    return gaps
  }

  /**
   * Adds the records of a held set that is decoded now.
   *
   * @returns false when no undecoded message has its number
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

  /** Returns a change of the unit once, for the log. */
  takeUnitChange(): UnitChange | undefined {
    const change = this.#unitChange
    this.#unitChange = undefined
    return change
  }

  /** Forgets all holes without counting them: the numbers belong to another stream. */
  discardHoles(): void {
    this.#numbering.discardHoles()
    this.#history.forget()
  }

  toState(): SequenceState {
    // A few messages suffice to go on learning. Few streams are in doubt, and not for long.
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

  /** Continues from a stored state; `unit` and `next` suffice. */
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
    // An overtaken message says nothing about the expected number.
    this.#learner.skip()
  }

  #number({ message }: HeardStep): SequenceVerdict {
    return this.#numbering.observe(message, this.#learner.doubtAt(message.receivedAtMs))
  }

  /** Changes to another unit and judges the remembered messages again in it. */
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
    let verdict: SequenceVerdict = 'first'
    for (const step of this.#history.steps()) {
      this.#learn(step)
      verdict = this.#number(step)
    }
    return verdict
  }

  #shortenHistory(nowMs: number): void {
    const isNeeded = this.#history.hasUndecoded || !this.#learner.isSettled(nowMs)
    if (!isNeeded) this.#history.forget()
  }
}

function isDecoded({ undecodedSets }: HeardMessage): boolean {
  return undecodedSets === 0
}
