/**
 * Follows the sequence of one exporter: finds duplicates, learns the unit of the numbers, and follows
 * the numbers in that unit. Time comes with the datagrams.
 */

import { NO_GAPS } from './gap-ledger.ts'
import { type Claim, type ClaimedGap, LossAccount } from './loss-account.ts'
import { type JudgedCounts, LossClaims, NO_COUNTS } from './loss-claims.ts'
import { type HeardStep, MessageHistory, type ReleasedSet } from './message-history.ts'
import { RecentDatagrams } from './recent-datagrams.ts'
import type { NumberRange } from './sequence-hole.ts'
import { SERIES_BYTES, SequenceSeries } from './sequence-series.ts'
import { endOf, knownUnits, type SequenceUnit, startOf } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import type { SequenceState } from './stored-sequence.ts'
import { UnitLearner } from './unit-learner.ts'

/** The number of stored messages while the unit is not in doubt. */
const CALM_MESSAGES = 8

// Estimates; measured: 3,200 bytes for a tracker with its first series, 210 for a message.
/** With the state as JSON, which is kept for each port of a split stream. */
const TRACKER_BYTES = 2_400
const MESSAGE_BYTES = 250
/** A tracker with one series, no hole, and the last message. */
export const CALM_TRACKER_BYTES = TRACKER_BYTES + SERIES_BYTES + MESSAGE_BYTES

/** A finding about the numbers of a stream, to be logged once. */
export type SequenceNotice =
  | { readonly kind: 'unit-changed'; readonly from: SequenceUnit; readonly to: SequenceUnit }
  | { readonly kind: 'unit-unknown'; readonly retracted: Claim['losses'] }
  | { readonly kind: 'several-series'; readonly series: number }
  | { readonly kind: 'several-exporters'; readonly ports: readonly number[] }

interface TrackerOptions {
  /** Shared by the trackers of a stream. */
  readonly account?: LossAccount
  /** The unit that an operator has set; else it is learned. */
  readonly unit?: SequenceUnit | undefined
}

/** Counters are totals since construction. They fall only when a judgement is taken back. */
export class SequenceTracker {
  readonly #learner: UnitLearner
  readonly #recent = new RecentDatagrams()
  /** Messages to judge again if the unit changes. While the unit is settled, the last one only. */
  readonly #history = new MessageHistory()
  readonly #account: LossAccount
  /** The counts that are taken back if no unit fits. */
  readonly #claims: LossClaims
  readonly #isFixed: boolean
  #series: SequenceSeries
  /** Counters from other units, for messages that are not judged again. */
  #former: JudgedCounts = NO_COUNTS
  readonly #notices: SequenceNotice[] = []
  #revision = 0
  #lastReceivedAtMs = 0

  constructor(exportVersion: number, { account = new LossAccount(), unit }: TrackerOptions = {}) {
    this.#account = account
    this.#claims = new LossClaims(account)
    this.#isFixed = unit !== undefined
    this.#series = new SequenceSeries(unit ?? knownUnits(exportVersion)[0])
    this.#learner = new UnitLearner(exportVersion)
  }

  /** Lost units; null when the stream has no sequence numbers, so that loss is unknown. */
  get lost(): number | null {
    return this.unit === 'none' ? null : this.#account.lostIn(this.#series.countedUnit)
  }

  /** Datagrams behind the expected number, including those that filled a hole. */
  get late(): number {
    return this.#former.late + this.#series.counts.late
  }

  get restarts(): number {
    return this.#former.restarts + this.#series.counts.restarts
  }

  /** Datagrams whose numbers neither the stream nor other datagrams continued. */
  get strays(): number {
    return this.#former.strays + Math.max(0, this.#series.counts.strays)
  }

  get unit(): SequenceUnit {
    return this.#series.unit
  }

  /** The next expected number; null while it is unknown. */
  get next(): number | null {
    return this.#series.next
  }

  /** The receive time of the last datagram by the stream clock; 0 before the first. */
  get lastReceivedAtMs(): number {
    return this.#lastReceivedAtMs
  }

  /** Grows whenever the state may have changed. */
  get revision(): number {
    return this.#revision
  }

  /** Whether one of the last 32 datagrams has this number and payload; asked before decoding. */
  isDuplicate(sequence: number, fingerprint: number): boolean {
    return this.#isSequenced && this.#recent.has(sequence, fingerprint)
  }

  /** Returns the numbers that a datagram stands for if it belongs to this stream. */
  rangeOf(datagram: SequencedDatagram): NumberRange {
    return { from: startOf(this.unit, datagram), to: endOf(this.unit, datagram) }
  }

  /** The numbers in the present unit. */
  get series(): SequenceSeries {
    return this.#series
  }

  /** Observes the next datagram, in the order of arrival and after its decoding. */
  observe(datagram: SequencedDatagram): SequenceVerdict {
    const { sequence, fingerprint, receivedAtMs } = datagram
    this.#revision += 1
    this.#lastReceivedAtMs = receivedAtMs
    const step = this.#history.add(datagram, this)
    const { boots } = this.#series.counts
    const verdict = this.#judge(step)
    // A rebooted exporter may repeat numbers and payloads.
    if (this.#series.counts.boots > boots) this.#recent.clear()
    if (this.#isSequenced) this.#recent.add(sequence, fingerprint)
    this.#shortenHistory(receivedAtMs)
    return verdict
  }

  /**
   * Declares the holes that have left the reorder window, unless a favoured unit sees none there, or
   * the unit in use has explained too little so far. The caller calls it after each `observe`, and
   * regularly while the stream is silent.
   *
   * @returns the gaps since the last call; mostly `NO_GAPS`
   */
  expire(nowMs: number): readonly ClaimedGap[] {
    if (!this.#series.hasNews) return NO_GAPS
    if (!this.#isFixed && !this.#learner.mayDeclareAt(nowMs)) return NO_GAPS
    this.#revision += 1
    const gaps = this.#series.expire(nowMs, this.#isFixed ? 0 : this.#learner.favouredAt(nowMs))
    if (gaps.length === 0) return NO_GAPS
    // A declared gap is final, so the messages around it are never judged again.
    this.#history.forget()
    return this.#claims.add(gaps)
  }

  /** Adds the records of a held set that is decoded now; returns false if no message waits for it. */
  release(released: ReleasedSet): boolean {
    this.#revision += 1
    for (const step of this.#history.release(released)) this.#learner.learn(step)
    const proven = this.#isFixed ? undefined : this.#learner.provenUnit
    if (proven !== undefined) {
      this.#changeUnit(proven)
      return true
    }
    this.#learner.skip()
    return this.#series.release(released, this.#learner.doubtAt(this.#lastReceivedAtMs))
  }

  /** Returns the next thing to log, once. */
  takeNotice(): SequenceNotice | undefined {
    const notice = this.#notices.shift()
    if (notice !== undefined || !this.#series.hasSplit) return notice
    return { kind: 'several-series', series: this.#series.takeSplit() }
  }

  /** Makes the gaps so far final, because the tracker is given up. */
  settleClaims(): void {
    this.#revision += 1
    this.#claims.settle()
  }

  /** Forgets all holes without counting them: the numbers belong to another stream. */
  discardHoles(): void {
    this.#revision += 1
    this.#series.discardHoles()
    this.#history.forget()
  }

  /** The memory of this tracker, estimated. */
  get bytes(): number {
    return TRACKER_BYTES + this.#history.size * MESSAGE_BYTES + this.#series.bytes
  }

  /** Forgets all but one series and its next number; the numbers in holes are not counted as lost. */
  trim(): void {
    this.discardHoles()
    this.#series.trim()
  }

  /** @param shiftMs added to times of the stream clock */
  toState(shiftMs = 0): SequenceState {
    // A few messages suffice to go on learning. Few streams are in doubt, and not for long.
    const mayChange = this.#learner.hasRivals || this.#history.hasUndecoded
    const messages = mayChange ? {} : { count: CALM_MESSAGES }
    return {
      unit: this.unit,
      ...this.#series.toState(shiftMs),
      recent: this.#recent.toText(),
      ...this.#learner.toState(shiftMs),
      history: this.#history.toArray(this, { ...messages, shiftMs }),
      ...this.#claims.toState(this),
    }
  }

  /** Continues from a stored state; `unit` and `next` suffice. */
  restore(state: SequenceState): void {
    this.#revision += 1
    this.#series = new SequenceSeries(state.unit)
    this.#series.restore(state)
    this.#learner.use(state.unit)
    this.#learner.restore(state)
    this.#recent.restore(state.recent ?? [])
    this.#history.restore(state.history ?? [])
    this.#claims.restore(state)
  }

  /** Whether the exporter numbers its messages, though the unit may be unknown. */
  get #isSequenced(): boolean {
    return this.unit !== 'none' || this.#learner.isUnfit
  }

  #judge(step: HeardStep): SequenceVerdict {
    if (this.#isFixed) return this.#number(step)
    this.#learner.learn(step)
    const proven = this.#learner.provenUnit
    if (proven !== undefined) return this.#changeUnit(proven)
    const news = this.#learner.judgeFit()
    if (news === 'unfit') return this.#giveUpUnit()
    if (news === 'proven') this.#claims.prove(this)
    else if (news !== undefined) {
      this.#learner.followAgain()
      return this.#changeUnit(news)
    }
    return this.#number(step)
  }

  #number({ message }: HeardStep): SequenceVerdict {
    return this.#series.observe(message, this.#learner.doubtAt(message.receivedAtMs))
  }

  /** Retracts all claims that are not final, because no unit explains the numbers. */
  #giveUpUnit(): SequenceVerdict {
    const { losses, counts } = this.#claims.retract()
    this.#notices.push({ kind: 'unit-unknown', retracted: losses })
    this.#former = counts
    this.#learner.use('none')
    this.#series = new SequenceSeries('none')
    return 'unsequenced'
  }

  /** Changes to another unit and judges the remembered messages again in it. */
  #changeUnit(unit: SequenceUnit): SequenceVerdict {
    this.#notices.push({ kind: 'unit-changed', from: this.unit, to: unit })
    const { first } = this.#history
    this.#former = {
      late: first?.lateBefore ?? this.late,
      restarts: first?.restartsBefore ?? this.restarts,
      strays: first?.straysBefore ?? this.strays,
    }
    this.#learner.use(unit)
    this.#series = new SequenceSeries(unit)
    let verdict: SequenceVerdict = 'first'
    for (const step of this.#history.steps()) {
      this.#learner.learn(step)
      verdict = this.#number(step)
    }
    return verdict
  }

  #shortenHistory(nowMs: number): void {
    const isNeeded =
      this.#history.hasUndecoded ||
      this.#learner.isUnfit ||
      this.#series.isSeveral ||
      !this.#learner.isSettled(nowMs)
    if (!isNeeded) this.#history.forget()
  }
}
