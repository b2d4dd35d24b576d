/**
 * Follows the sequence of one stream key: with one tracker, until several exporters behind one
 * address are found out by their source ports, then with one tracker a port. Decoding and storing
 * know nothing of that; it is for accounting only.
 */

import type { SequenceGap } from './gap-ledger.ts'
import type { ReleasedSet } from './message-history.ts'
import { OutsiderRuns } from './outsider-runs.ts'
import {
  addTotals,
  type LedgerTotals,
  MAX_PORTS,
  PortTrackers,
  type StoredPort,
} from './port-trackers.ts'
import { type SequenceState, SequenceTracker } from './sequence-tracker.ts'
import type { SequenceUnit } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import type { UnitChange } from './unit-learner.ts'

/** What must be stored of a stream; `ports` is there while it is split. */
export interface StreamSequenceState extends SequenceState {
  readonly ports?: readonly StoredPort[]
}

/** Something to be logged once. */
export type SequenceNotice =
  | ({ readonly kind: 'unit-changed' } & UnitChange)
  | { readonly kind: 'several-exporters'; readonly ports: readonly number[] }

/**
 * The ledger of one stream key. Counters are totals since construction; they only fall when a
 * judgement is taken back.
 *
 * For v8 the aggregation scheme takes the place of the source port: routers number each
 * aggregation cache on its own, or all of them together, and which one it is shows in the same way.
 */
export class StreamSequence {
  readonly #exportVersion: number
  readonly #outsiders = new OutsiderRuns(MAX_PORTS)
  /** What trackers had counted that are no more. */
  readonly #forgotten: LedgerTotals = { lost: 0, late: 0, duplicates: 0, restarts: 0 }
  /** Follows all ports, unless there are several exporters: then `#ports` does. */
  #main: SequenceTracker
  #mainPort: number | undefined
  /** The one tracker has followed datagrams of more than one port. */
  #hasMoved = false
  #ports: PortTrackers | undefined
  #isSplitReported: boolean

  constructor(exportVersion: number) {
    this.#exportVersion = exportVersion
    this.#main = new SequenceTracker(exportVersion)
    // Aggregation caches that number on their own are nothing to be told of.
    this.#isSplitReported = exportVersion === 8
  }

  /** Lost units; null when the stream has no sequence, so that loss cannot be known. */
  get lost(): number | null {
    return this.unit === 'none' ? null : this.#totals().lost
  }

  get late(): number {
    return this.#totals().late
  }

  get duplicates(): number {
    return this.#totals().duplicates
  }

  get restarts(): number {
    return this.#totals().restarts
  }

  get unit(): SequenceUnit {
    return this.#main.unit
  }

  /** The next expected number; null while it is not known, and when there are several. */
  get next(): number | null {
    return this.#ports === undefined ? this.#main.next : null
  }

  /** Tells, before decoding, whether a recent datagram had this number and payload. */
  isDuplicate(sequence: number, fingerprint: number, port: number): boolean {
    if (this.#ports !== undefined) {
      return this.#ports.find(port)?.isDuplicate(sequence, fingerprint) ?? false
    }
    if (this.#main.isDuplicate(sequence, fingerprint)) return true
    return this.#outsiders.size > 0 && this.#outsiders.isDuplicate(sequence, fingerprint)
  }

  /** Counts a datagram that is a duplicate; it is not observed. */
  countDuplicate(): void {
    this.#forgotten.duplicates += 1
  }

  /** Takes the next datagram after decoding, in the order of arrival. */
  observe(datagram: SequencedDatagram, port: number): SequenceVerdict {
    if (this.#ports !== undefined) return this.#observeSplit(this.#ports, datagram, port)
    if (port !== this.#mainPort && this.#isOutsider(datagram, port)) {
      return this.#takeOutsider(datagram, port)
    }
    this.#movePort(port)
    const outcome = this.#main.observe(datagram)
    // A late datagram may come long after the stream has moved to another port.
    if (outcome !== 'late') this.#outsiders.noteMain(datagram.receivedAtMs)
    if (this.#outsiders.size > 0) this.#takeBackFitting()
    return outcome
  }

  /** Declares what left the reorder window as loss; see `SequenceTracker.expire`. */
  expire(nowMs: number): readonly SequenceGap[] {
    if (this.#ports !== undefined) return this.#ports.expire(nowMs)
    if (this.#outsiders.size > 0) this.#settleOverdue(nowMs)
    return this.#main.expire(nowMs)
  }

  /** Adds the records of a held set that was decoded after all; see `SequenceTracker.release`. */
  release(released: ReleasedSet): void {
    for (const tracker of this.#trackers) if (tracker.release(released)) return
  }

  /** Gives something to be logged, once; to be asked until it is undefined. */
  takeNotice(): SequenceNotice | undefined {
    if (this.#ports !== undefined && !this.#isSplitReported) {
      this.#isSplitReported = true
      return { kind: 'several-exporters', ports: this.#ports.ports }
    }
    for (const tracker of this.#trackers) {
      const change = tracker.takeUnitChange()
      if (change !== undefined) return { kind: 'unit-changed', ...change }
    }
    return undefined
  }

  toState(): StreamSequenceState {
    if (this.#ports === undefined) return this.#main.toState()
    return { unit: this.unit, next: null, ports: this.#ports.toState() }
  }

  /** Continues a stream from before a restart of this program; `unit` and `next` suffice. */
  restore(state: StreamSequenceState): void {
    this.#main.restore(state)
    if (state.ports === undefined) return
    this.#ports = new PortTrackers(this.#exportVersion, this.#forgotten)
    this.#ports.restore(state.ports)
    this.#isSplitReported = true
  }

  get #trackers(): Iterable<SequenceTracker> {
    return this.#ports?.trackers ?? [this.#main]
  }

  #totals(): LedgerTotals {
    const totals = { ...this.#forgotten }
    for (const tracker of this.#trackers) addTotals(totals, tracker)
    return totals
  }

  #observeSplit(ports: PortTrackers, datagram: SequencedDatagram, port: number): SequenceVerdict {
    const outcome = ports.observe(datagram, port)
    if (ports.isOneStream) {
      this.#main = ports.merge()
      this.#ports = undefined
      this.#hasMoved = true
      this.#mainPort = port
    }
    return outcome
  }

  #isOutsider(datagram: SequencedDatagram, port: number): boolean {
    if (this.#mainPort === undefined || this.unit === 'none') return false
    const { start } = this.#main.rangeOf(datagram)
    return this.#outsiders.continues(start, port) || !this.#main.accepts(datagram)
  }

  #movePort(port: number): void {
    if (this.#mainPort !== undefined && port !== this.#mainPort) this.#hasMoved = true
    this.#mainPort = port
  }

  #takeOutsider(datagram: SequencedDatagram, port: number): SequenceVerdict {
    const verdict = this.#outsiders.add(datagram, port, this.#main.rangeOf(datagram))
    if (verdict === 'same-stream') {
      this.#movePort(port)
      return this.#replayIntoMain()
    }
    if (verdict === 'several-exporters') this.#split()
    return 'undecided'
  }

  #replayIntoMain(): SequenceVerdict {
    let outcome: SequenceVerdict = 'undecided'
    let isRestart = false
    for (const { datagram } of this.#outsiders.takeAll()) {
      this.#outsiders.noteMain(datagram.receivedAtMs)
      outcome = this.#main.observe(datagram)
      if (outcome === 'restart') isRestart = true
    }
    return isRestart ? 'restart' : outcome
  }

  /** After the last datagram there is nobody left to tell whose it was. */
  #settleOverdue(nowMs: number): void {
    if (!this.#outsiders.isOverdue(nowMs, (datagram) => this.#main.isNear(datagram))) return
    this.#hasMoved = true
    this.#replayIntoMain()
  }

  #takeBackFitting(): void {
    const fits = (datagram: SequencedDatagram) => this.#main.accepts(datagram)
    let fitting = this.#outsiders.takeFitting(fits)
    while (fitting !== undefined) {
      this.#main.observe(fitting.datagram)
      fitting = this.#outsiders.takeFitting(fits)
    }
  }

  #split(): void {
    // What is missing in a mixture of several streams is missing in none of them.
    if (this.#hasMoved) this.#main.discardHoles()
    this.#ports = new PortTrackers(this.#exportVersion, this.#forgotten)
    if (this.#mainPort !== undefined) this.#ports.add(this.#mainPort, this.#main)
    for (const { port, datagram } of this.#outsiders.takeAll()) this.#ports.observe(datagram, port)
  }
}
