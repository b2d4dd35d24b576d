/**
 * One sequence tracker for each exporter behind one address, told apart by source port; bounded,
 * the one not heard for longest is forgotten. It notices when they are one exporter after all.
 */

import { NO_GAPS, type SequenceGap } from './gap-ledger.ts'
import { type SequenceState, SequenceTracker } from './sequence-tracker.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'

/** More exporters behind one address are not told apart at the same time. */
export const MAX_PORTS = 64
/** So often in a row a port must go on where another one stopped. */
const ONE_STREAM_HITS = 4

/** What is counted of a stream; `lost` stays 0 where there is no sequence. */
export interface LedgerTotals {
  lost: number
  late: number
  duplicates: number
  restarts: number
}

/** A tracker's state by source port. */
export type StoredPort = readonly [port: number, state: SequenceState]

/** Adds a tracker's counters to `totals`. */
export function addTotals(totals: LedgerTotals, tracker: SequenceTracker): LedgerTotals {
  totals.lost += tracker.lost ?? 0
  totals.late += tracker.late
  totals.duplicates += tracker.duplicates
  totals.restarts += tracker.restarts
  return totals
}

export class PortTrackers {
  readonly #exportVersion: number
  readonly #trackers = new Map<number, SequenceTracker>()
  /** What the forgotten ones had counted. */
  readonly #forgotten: LedgerTotals
  #lastPort: number | undefined
  #lastNext: number | null = null
  #hits = 0

  /** @param forgotten counters of trackers that are no more; they are added to */
  constructor(exportVersion: number, forgotten: LedgerTotals) {
    this.#exportVersion = exportVersion
    this.#forgotten = forgotten
  }

  get ports(): readonly number[] {
    return [...this.#trackers.keys()]
  }

  get trackers(): Iterable<SequenceTracker> {
    return this.#trackers.values()
  }

  /**
   * The ports go on where the others stopped, time and again: there is only one exporter, which
   * sends from several ports.
   */
  get isOneStream(): boolean {
    return this.#hits >= ONE_STREAM_HITS
  }

  add(port: number, tracker: SequenceTracker): void {
    this.#trackers.set(port, tracker)
  }

  find(port: number): SequenceTracker | undefined {
    return this.#trackers.get(port)
  }

  observe(datagram: SequencedDatagram, port: number): SequenceVerdict {
    const tracker = this.#trackerOf(port)
    const outcome = tracker.observe(datagram)
    if (this.#lastPort !== undefined && port !== this.#lastPort) {
      this.#hits = tracker.rangeOf(datagram).start === this.#lastNext ? this.#hits + 1 : 0
    }
    this.#lastPort = port
    this.#lastNext = tracker.next
    return outcome
  }

  expire(nowMs: number): readonly SequenceGap[] {
    let gaps = NO_GAPS
    for (const tracker of this.#trackers.values()) {
      const more = tracker.expire(nowMs)
      if (more.length > 0) gaps = [...gaps, ...more]
    }
    return gaps
  }

  /** Gives the tracker that goes on with all ports; what is missing in the others was not. */
  merge(): SequenceTracker {
    const last = this.#trackerOf(this.#lastPort ?? 0)
    last.discardHoles()
    for (const tracker of this.#trackers.values()) {
      if (tracker !== last) addTotals(this.#forgotten, tracker)
    }
    this.#trackers.clear()
    return last
  }

  toState(): readonly StoredPort[] {
    return [...this.#trackers].map(([port, tracker]) => [port, tracker.toState()])
  }

  restore(ports: readonly StoredPort[]): void {
    for (const [port, state] of ports.slice(0, MAX_PORTS)) this.#trackerOf(port).restore(state)
  }

  #trackerOf(port: number): SequenceTracker {
    const known = this.#trackers.get(port)
    if (known !== undefined) return known
    if (this.#trackers.size >= MAX_PORTS) this.#forgetOldest()
    const tracker = new SequenceTracker(this.#exportVersion)
    this.#trackers.set(port, tracker)
    return tracker
  }

  #forgetOldest(): void {
    const [oldest] = [...this.#trackers].sort(
      ([, one], [, other]) => one.lastReceivedAtMs - other.lastReceivedAtMs,
    )
    if (oldest === undefined) return
    const [port, tracker] = oldest
    this.#trackers.delete(port)
    addTotals(this.#forgotten, tracker)
  }
}
