/**
 * Follows the sequence of one stream key: with one tracker, until several exporters behind one
 * address are found out by their source ports, then with one tracker a port. Decoding and storing
 * know nothing of that; it is for accounting only.
 */

import { NO_GAPS, type SequenceGap } from './gap-ledger.ts'
import { OutsiderRuns } from './outsider-runs.ts'
import { type SequenceState, SequenceTracker } from './sequence-tracker.ts'
import { countUnits, type SequenceUnit } from './sequence-unit.ts'
import type { SequencedDatagram, SequenceOutcome } from './sequenced-datagram.ts'
import type { UnitChange } from './unit-learner.ts'

/** More exporters behind one address are not told apart at the same time. */
export const MAX_PORTS = 64

/** What must be stored of a stream; `ports` is there once it was split. */
export interface StreamSequenceState extends SequenceState {
  readonly ports?: readonly (readonly [port: number, state: SequenceState])[]
}

/** Something to be logged once. */
export type SequenceNotice =
  | ({ readonly kind: 'unit-changed' } & UnitChange)
  | { readonly kind: 'several-exporters'; readonly ports: readonly number[] }

const COUNTERS = ['lost', 'late', 'duplicates', 'restarts'] as const
type Counter = (typeof COUNTERS)[number]

/** `undecided`: whether it begins a restart or another exporter is told by the next ones. */
export type StreamOutcome = SequenceOutcome | 'undecided'

/** Counters are totals since construction; they only fall when a judgement is taken back. */
export class StreamSequence {
  readonly #exportVersion: number
  readonly #outsiders: OutsiderRuns
  readonly #main: SequenceTracker
  #mainPort: number | undefined
  #ports: Map<number, SequenceTracker> | undefined
  #isSplitReported = false
  readonly #forgotten = { lost: 0, late: 0, duplicates: 0, restarts: 0 }

  constructor(exportVersion: number) {
    this.#exportVersion = exportVersion
    this.#main = new SequenceTracker(exportVersion)
    this.#outsiders = new OutsiderRuns(MAX_PORTS)
  }

  /** Lost units; null when the stream has no sequence, so that loss cannot be known. */
  get lost(): number | null {
    return this.#main.lost === null ? null : this.#sum('lost')
  }

  get late(): number {
    return this.#sum('late')
  }

  get duplicates(): number {
    return this.#sum('duplicates')
  }

  get restarts(): number {
    return this.#sum('restarts')
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
    if (this.#trackerOf(port).isDuplicate(sequence, fingerprint)) return true
    return this.#outsiders.size > 0 && this.#outsiders.isDuplicate(sequence, fingerprint)
  }

  /** Counts a datagram that is a duplicate; it is not observed. */
  countDuplicate(): void {
    this.#main.countDuplicate()
  }

  /** Takes the next datagram after decoding, in the order of arrival. */
  observe(datagram: SequencedDatagram, port: number): StreamOutcome {
    if (this.#ports !== undefined) return this.#trackerAt(this.#ports, port).observe(datagram)
    if (port !== this.#mainPort && this.#isOutsider(datagram, port)) {
      return this.#takeOutsider(datagram, port)
    }
    this.#mainPort = port
    this.#outsiders.noteMain(datagram.receivedAtMs)
    const outcome = this.#main.observe(datagram)
    if (this.#outsiders.size > 0) this.#takeBackFitting()
    return outcome
  }

  /** Declares what left the reorder window as loss; see `SequenceTracker.expire`. */
  expire(nowMs: number): readonly SequenceGap[] {
    if (this.#ports === undefined) return this.#main.expire(nowMs)
    let gaps = NO_GAPS
    for (const tracker of this.#ports.values()) {
      const more = tracker.expire(nowMs)
      if (more.length > 0) gaps = [...gaps, ...more]
    }
    return gaps
  }

  /** Adds the records of a held set that was decoded after all; see `SequenceTracker.release`. */
  release(sequence: number, dataRecords: number): void {
    for (const tracker of this.#ports?.values() ?? [this.#main]) {
      if (tracker.release(sequence, dataRecords)) return
    }
  }

  /** Gives something to be logged, once; to be asked until it is undefined. */
  takeNotice(): SequenceNotice | undefined {
    if (this.#ports !== undefined && !this.#isSplitReported) {
      this.#isSplitReported = true
      return { kind: 'several-exporters', ports: [...this.#ports.keys()] }
    }
    const trackers = this.#ports?.values() ?? [this.#main]
    for (const tracker of trackers) {
      const change = tracker.takeUnitChange()
      if (change !== undefined) return { kind: 'unit-changed', ...change }
    }
    return undefined
  }

  toState(): StreamSequenceState {
    const { unit } = this.#main
    if (this.#ports === undefined) return this.#main.toState()
    const ports = [...this.#ports].map(([port, tracker]) => [port, tracker.toState()] as const)
    return { unit, next: null, ports }
  }

  /** Continues a stream from before a restart of this program; `unit` and `next` suffice. */
  restore(state: StreamSequenceState): void {
    this.#main.restore(state)
    if (state.ports === undefined) return
    this.#ports = new Map()
    this.#isSplitReported = true
    for (const [port, portState] of state.ports.slice(0, MAX_PORTS)) {
      this.#trackerAt(this.#ports, port).restore(portState)
    }
  }

  #isOutsider({ sequence }: SequencedDatagram, port: number): boolean {
    if (this.#mainPort === undefined || this.#main.unit === 'none') return false
    return this.#outsiders.continues(sequence, port) || !this.#main.accepts(sequence)
  }

  #takeOutsider(datagram: SequencedDatagram, port: number): StreamOutcome {
    const units = countUnits(this.#main.unit, datagram)
    const verdict = this.#outsiders.add(datagram, port, units)
    if (verdict === 'same-stream') {
      this.#mainPort = port
      return this.#replayIntoMain()
    }
    if (verdict === 'several-exporters') this.#split()
    return 'undecided'
  }

  #replayIntoMain(): StreamOutcome {
    let outcome: StreamOutcome = 'undecided'
    let isRestart = false
    for (const { datagram } of this.#outsiders.takeAll()) {
      this.#outsiders.noteMain(datagram.receivedAtMs)
      outcome = this.#main.observe(datagram)
      if (outcome === 'restart') isRestart = true
    }
    return isRestart ? 'restart' : outcome
  }

  #takeBackFitting(): void {
    for (const { datagram } of this.#outsiders.takeFitting((number) =>
      this.#main.accepts(number),
    )) {
      this.#main.observe(datagram)
    }
  }

  #split(): void {
    // What is missing in the mixture of several streams is missing in none of them.
    this.#main.discardHoles()
    const ports = new Map<number, SequenceTracker>()
    if (this.#mainPort !== undefined) ports.set(this.#mainPort, this.#main)
    this.#ports = ports
    for (const { port, datagram } of this.#outsiders.takeAll()) {
      this.#trackerAt(ports, port).observe(datagram)
    }
  }

  #trackerOf(port: number): SequenceTracker {
    return this.#ports?.get(port) ?? this.#main
  }

  #trackerAt(ports: Map<number, SequenceTracker>, port: number): SequenceTracker {
    const known = ports.get(port)
    if (known !== undefined) return known
    if (ports.size >= MAX_PORTS) this.#forgetOldest(ports)
    const tracker = new SequenceTracker(this.#exportVersion)
    ports.set(port, tracker)
    return tracker
  }

  #forgetOldest(ports: Map<number, SequenceTracker>): void {
    const [oldest] = [...ports].sort(
      ([, one], [, other]) => one.lastReceivedAtMs - other.lastReceivedAtMs,
    )
    if (oldest === undefined) return
    const [port, tracker] = oldest
    ports.delete(port)
    if (tracker === this.#main) return
    for (const counter of COUNTERS) this.#forgotten[counter] += tracker[counter] ?? 0
  }

  #sum(counter: Counter): number {
    let sum = this.#forgotten[counter] + (this.#main[counter] ?? 0)
    for (const tracker of this.#ports?.values() ?? []) {
      if (tracker !== this.#main) sum += tracker[counter] ?? 0
    }
    return sum
  }
}
