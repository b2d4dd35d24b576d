/**
 * Follows the sequence of one stream with one tracker, or with one for each source port if several
 * exporters share its address.
 */

import { Cadence } from './cadence.ts'
import { type Claim, type ClaimedGap, LossAccount } from './loss-account.ts'
import type { ReleasedSet } from './message-history.ts'
import { type Outsider, OutsiderRuns } from './outsider-runs.ts'
import { addCounts, PortTrackers, type SequenceCounts } from './port-trackers.ts'
import { CALM_TRACKER_BYTES, type SequenceNotice, SequenceTracker } from './sequence-tracker.ts'
import type { CountedUnit, SequenceCheck, SequenceUnit } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import type { StreamSequenceState } from './stored-sequence.ts'

/**
 * Counters are totals since construction; they fall only when a judgement is taken back. For v8 the
 * caller passes the aggregation scheme as the port: some routers number each cache on its own.
 */
export class StreamSequence {
  readonly #exportVersion: number
  readonly #account = new LossAccount()
  #duplicates = 0
  /** Counters of forgotten trackers. */
  readonly #forgotten: SequenceCounts = { late: 0, restarts: 0, strays: 0 }
  #check: SequenceCheck = 'auto'
  /** How often the stream is heard; late datagrams do not count. */
  #cadence = new Cadence()
  /** Defined once a datagram from another port did not fit, which most streams never have. */
  #outsiders: OutsiderRuns | undefined
  /** Follows the whole stream while `#ports` is undefined. */
  #main: SequenceTracker
  #mainPort: number | undefined
  /** Whether `#main` has had several ports. */
  #hasMoved = false
  /** Defined while several exporters share the stream. */
  #ports: PortTrackers | undefined
  #isSplitReported: boolean

  /** @param lastClaim the first claim gets the number after it */
  constructor(exportVersion: number, lastClaim = 0) {
    this.#exportVersion = exportVersion
    this.#account.restore(lastClaim)
    this.#main = new SequenceTracker(exportVersion, { account: this.#account })
    // Aggregation caches with numbers of their own are normal, and not worth a log line.
    this.#isSplitReported = exportVersion === 8
  }

  /** Lost units of the present unit; null: the numbers tell nothing, so the loss is unknown. */
  get lost(): number | null {
    return this.#main.lost
  }

  /** By unit, those of earlier units included. */
  get losses(): ReadonlyMap<CountedUnit, number> {
    return this.#account.losses
  }

  /** Datagrams that belong to no numbering of the stream: spoofed, or of an unknown exporter. */
  get strays(): number {
    return this.#counts().strays + (this.#outsiders?.strays ?? 0)
  }

  get late(): number {
    return this.#counts().late
  }

  get duplicates(): number {
    return this.#duplicates
  }

  get restarts(): number {
    return this.#counts().restarts
  }

  get unit(): SequenceUnit {
    return this.#main.unit
  }

  /** The next expected number; null while it is unknown or the stream is split. */
  get next(): number | null {
    return this.#ports === undefined ? this.#main.next : null
  }

  /** Follows the numbers as the operator wants; counts so far stay. */
  configure(check: SequenceCheck): void {
    if (check === this.#check) return
    this.#check = check
    this.#forgetOutsiders()
    for (const tracker of this.#trackers) {
      tracker.settleClaims()
      addCounts(this.#forgotten, tracker)
    }
    this.#ports = undefined
    this.#main = this.#createMain()
    this.#mainPort = undefined
    this.#hasMoved = false
  }

  #forgetOutsiders(): void {
    this.#forgotten.strays += this.#outsiders?.strays ?? 0
    this.#outsiders = undefined
    this.#cadence = new Cadence()
  }

  #createMain(): SequenceTracker {
    const check = this.#check === 'off' ? 'none' : this.#check
    const unit = check === 'auto' ? undefined : check
    return new SequenceTracker(this.#exportVersion, { account: this.#account, unit })
  }

  /** Whether a recent datagram has this number and payload; asked before decoding. */
  isDuplicate(sequence: number, fingerprint: number, port: number): boolean {
    const tracker = this.#ports === undefined ? this.#main : this.#ports.find(port)
    if (tracker?.isDuplicate(sequence, fingerprint)) return true
    return this.#outsiders?.isDuplicate(sequence, fingerprint) ?? false
  }

  countDuplicate(): void {
    this.#duplicates += 1
  }

  /** Observes the next datagram, in the order of arrival and after its decoding. */
  observe(datagram: SequencedDatagram, port: number): SequenceVerdict {
    if (this.#ports !== undefined) {
      const verdict = this.#ports.observe(datagram, port)
      if (this.#ports.isOneStream) this.#leavePorts(this.#ports)
      return verdict
    }
    if (port !== this.#mainPort && this.#isOutsider(datagram, port)) {
      return this.#takeOutsider(datagram, port)
    }
    this.#movePort(port)
    const verdict = this.#main.observe(datagram)
    // A late datagram may come long after the stream has moved to another port.
    if (verdict !== 'late') {
      this.#cadence.note(datagram.receivedAtMs)
      this.#outsiders?.noteMain()
    }
    if (this.#outsiders !== undefined) this.#observeFitting(this.#outsiders)
    return verdict
  }

  /** Declares the holes that have left the reorder window; see `SequenceTracker.expire`. */
  expire(nowMs: number): readonly ClaimedGap[] {
    if (this.#ports !== undefined) return this.#ports.expire(nowMs)
    if (this.#outsiders?.size) this.#settleOutsiders(this.#outsiders, nowMs)
    return this.#main.expire(nowMs)
  }

  /** Adds the records of a held set that is decoded now. */
  release(released: ReleasedSet): void {
    for (const tracker of this.#trackers) if (tracker.release(released)) return
  }

  /** Returns the next fact to log; the caller repeats the call until the result is undefined. */
  takeNotice(): SequenceNotice | undefined {
    if (this.#ports === undefined) return this.#main.takeNotice()
    if (this.#isSplitReported) return this.#ports.takeNotice()
    this.#isSplitReported = true
    return { kind: 'several-exporters', ports: this.#ports.ports }
  }

  /** The memory that `trim` would free, estimated. */
  get excessBytes(): number {
    let bytes = (this.#outsiders?.bytes ?? 0) - CALM_TRACKER_BYTES
    for (const tracker of this.#trackers) bytes += tracker.bytes
    return Math.max(0, bytes)
  }

  trim(): void {
    if (this.#ports !== undefined) this.#leavePorts(this.#ports)
    this.#main.trim()
    this.#forgetOutsiders()
  }

  /** Ends the sequence: counts stay, and the numbers in open holes are not counted as lost. */
  giveUp(): void {
    for (const tracker of this.#trackers) {
      tracker.settleClaims()
      tracker.discardHoles()
    }
  }

  /** Returns the claims that were taken back since the last call, as no unit explains them. */
  takeRetracted(): readonly Claim[] {
    return this.#account.takeRetracted()
  }

  /** Returns the claims that became final since the last call. */
  takeSettled(): readonly number[] {
    return this.#account.takeSettled()
  }

  /** Returns the state for storing; `shiftMs` is added to times of the stream clock. */
  toState(shiftMs = 0): StreamSequenceState {
    if (this.#ports === undefined) return { ...this.#main.toState(shiftMs), ...this.#ownState() }
    const ports = this.#ports.toState(shiftMs)
    return { unit: this.unit, next: null, ports, ...this.#ownState() }
  }

  /** The same as JSON. */
  toJson(shiftMs: number): string {
    if (this.#ports === undefined) return JSON.stringify(this.toState(shiftMs))
    const own = JSON.stringify({ unit: this.unit, next: null, ...this.#ownState() }).slice(0, -1)
    return `${own},"ports":${this.#ports.toJson(shiftMs)}}`
  }

  #ownState(): Pick<StreamSequenceState, 'lastClaim' | 'check'> {
    const check = this.#check === 'auto' ? {} : { check: this.#check }
    return { lastClaim: this.#account.lastClaim, ...check }
  }

  /** Continues from a stored state; `unit` and `next` suffice. */
  restore(state: StreamSequenceState): void {
    this.#check = state.check ?? 'auto'
    if (state.lastClaim !== undefined) this.#account.restore(state.lastClaim)
    this.#main = this.#createMain()
    this.#main.restore(state)
    if (state.ports === undefined) return
    this.#ports = new PortTrackers(this.#exportVersion, this.#forgotten, this.#account)
    this.#ports.restore(state.ports)
    this.#isSplitReported = true
  }

  get #trackers(): Iterable<SequenceTracker> {
    return this.#ports?.trackers ?? [this.#main]
  }

  #counts(): SequenceCounts {
    const counts = { ...this.#forgotten }
    for (const tracker of this.#trackers) addCounts(counts, tracker)
    return counts
  }

  #leavePorts(ports: PortTrackers): void {
    this.#mainPort = ports.lastPort
    this.#main = ports.merge()
    this.#ports = undefined
    this.#hasMoved = true
  }

  #isOutsider(datagram: SequencedDatagram, port: number): boolean {
    if (this.#mainPort === undefined || this.unit === 'none') return false
    if (this.#outsiders?.continues(this.#main.rangeOf(datagram).from, port)) return true
    return !this.#main.series.accepts(datagram)
  }

  #movePort(port: number): void {
    if (this.#mainPort !== undefined && port !== this.#mainPort) this.#hasMoved = true
    this.#mainPort = port
  }

  #takeOutsider(datagram: SequencedDatagram, port: number): SequenceVerdict {
    this.#outsiders ??= new OutsiderRuns(this.#cadence)
    const origin = this.#outsiders.add(datagram, port, this.#main.rangeOf(datagram))
    if (origin === 'same-stream') {
      this.#movePort(port)
      return this.#replayIntoMain(this.#outsiders.takeAll(port))
    }
    if (origin === 'several-exporters') this.#split(this.#outsiders.takeAll(port))
    return 'undecided'
  }

  /** Observes the outsiders that fit the stream now; each may let another one fit. */
  #observeFitting(outsiders: OutsiderRuns): void {
    for (;;) {
      const fitting = outsiders.takeFitting(this.#main.series)
      if (fitting === undefined) return
      this.#main.observe(fitting)
    }
  }

  #replayIntoMain(outsiders: readonly Outsider[]): SequenceVerdict {
    let verdict: SequenceVerdict = 'undecided'
    let isRestart = false
    for (const { datagram } of outsiders) {
      this.#cadence.note(datagram.receivedAtMs)
      verdict = this.#main.observe(datagram)
      if (verdict === 'restart') isRestart = true
    }
    return isRestart ? 'restart' : verdict
  }

  #settleOutsiders(outsiders: OutsiderRuns, nowMs: number): void {
    outsiders.dropStrays(nowMs)
    const { series } = this.#main
    if (!outsiders.isOverdue(nowMs, { series, usesPorts: this.#hasMoved })) return
    this.#hasMoved = true
    this.#replayIntoMain(outsiders.takeAll())
  }

  #split(outsiders: readonly Outsider[]): void {
    // A number that is missing in a mixture of streams is missing in none of them.
    if (this.#hasMoved) this.#main.discardHoles()
    this.#ports = new PortTrackers(this.#exportVersion, this.#forgotten, this.#account)
    if (this.#mainPort !== undefined) this.#ports.add(this.#mainPort, this.#main)
    for (const { port, datagram } of outsiders) this.#ports.observe(datagram, port)
  }
}
