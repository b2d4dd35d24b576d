/**
 * One sequence tracker for each source port, for several exporters that share an address. It also
 * recognises that all ports belong to one exporter.
 */

import { NO_GAPS } from './gap-ledger.ts'
import type { ClaimedGap, LossAccount } from './loss-account.ts'
import { type SequenceNotice, SequenceTracker } from './sequence-tracker.ts'
import type { SequencedDatagram, SequenceVerdict } from './sequenced-datagram.ts'
import type { StoredPort } from './stored-sequence.ts'

/** Beyond this, the port that has been silent for longest is forgotten. */
export const MAX_PORTS = 64
/** The ports are one stream after this many changes of port in a row that continue the numbers. */
const ONE_STREAM_HANDOVERS = 4

/** Counters of a stream or tracker. */
export interface SequenceCounts {
  late: number
  restarts: number
  strays: number
}

/** The state of a port as JSON, and what it depends on. */
interface WrittenState {
  readonly revision: number
  readonly shiftMs: number
  readonly text: string
}

/** Adds the counters of a tracker to `counts`. */
export function addCounts(counts: SequenceCounts, tracker: SequenceTracker): void {
  counts.late += tracker.late
  counts.restarts += tracker.restarts
  counts.strays += tracker.strays
}

export class PortTrackers {
  readonly #exportVersion: number
  readonly #trackers = new Map<number, SequenceTracker>()
  /** Counters of forgotten trackers. */
  readonly #forgotten: SequenceCounts
  readonly #account: LossAccount
  /** The states that `toJson` has written last. */
  readonly #written = new WeakMap<SequenceTracker, WrittenState>()
  #lastPort: number | undefined
  #lastNext: number | null = null
  #handovers = 0

  /** @param forgotten receives the counters of forgotten trackers */
  constructor(exportVersion: number, forgotten: SequenceCounts, account: LossAccount) {
    this.#exportVersion = exportVersion
    this.#forgotten = forgotten
    this.#account = account
  }

  get ports(): readonly number[] {
    return [...this.#trackers.keys()]
  }

  /** The port of the last datagram; undefined before the first one. */
  get lastPort(): number | undefined {
    return this.#lastPort
  }

  get trackers(): Iterable<SequenceTracker> {
    return this.#trackers.values()
  }

  /** Whether the ports have taken turns in one numbering, so that there is only one exporter. */
  get isOneStream(): boolean {
    return this.#handovers >= ONE_STREAM_HANDOVERS
  }

  add(port: number, tracker: SequenceTracker): void {
    this.#trackers.set(port, tracker)
  }

  find(port: number): SequenceTracker | undefined {
    return this.#trackers.get(port)
  }

  observe(datagram: SequencedDatagram, port: number): SequenceVerdict {
    const tracker = this.#trackerOf(port)
    const verdict = tracker.observe(datagram)
    if (this.#lastPort !== undefined && port !== this.#lastPort) {
      const isHandover = tracker.rangeOf(datagram).from === this.#lastNext
      this.#handovers = isHandover ? this.#handovers + 1 : 0
    }
    this.#lastPort = port
    this.#lastNext = tracker.next
    return verdict
  }

  expire(nowMs: number): readonly ClaimedGap[] {
    let gaps: readonly ClaimedGap[] = NO_GAPS
    for (const tracker of this.#trackers.values()) {
      const more = tracker.expire(nowMs)
      if (more.length > 0) gaps = [...gaps, ...more]
    }
    return gaps
  }

  /** Returns the next fact to log, once. */
  takeNotice(): SequenceNotice | undefined {
    for (const tracker of this.#trackers.values()) {
      const notice = tracker.takeNotice()
      if (notice !== undefined) return notice
    }
    return undefined
  }

  /**
   * Merges all ports into the tracker of the last one and returns it. Holes are forgotten: the
   * missing numbers of one port came from the others.
   */
  merge(): SequenceTracker {
    const last = this.#trackerOf(this.#lastPort ?? 0)
    last.discardHoles()
    for (const tracker of this.#trackers.values()) {
      if (tracker === last) continue
      tracker.settleClaims()
      addCounts(this.#forgotten, tracker)
    }
    this.#trackers.clear()
    return last
  }

  /**
   * Returns the result of `toState` as JSON. A datagram changes one port; the texts of the others are
   * kept. Without that, each datagram of an attacker with 64 ports would cost 64 texts.
   */
  toJson(shiftMs: number): string {
    const texts: string[] = []
    for (const [port, tracker] of this.#trackers) {
      const { revision } = tracker
      let written = this.#written.get(tracker)
      if (written?.revision !== revision || written.shiftMs !== shiftMs) {
        const text = JSON.stringify([port, tracker.toState(shiftMs)])
        written = { revision, shiftMs, text }
        this.#written.set(tracker, written)
      }
      texts.push(written.text)
    }
    return `[${texts.join(',')}]`
  }

  /** @param shiftMs added to times of the stream clock */
  toState(shiftMs: number): readonly StoredPort[] {
    return [...this.#trackers].map(([port, tracker]) => [port, tracker.toState(shiftMs)])
  }

  restore(ports: readonly StoredPort[]): void {
    for (const [port, state] of ports.slice(0, MAX_PORTS)) this.#trackerOf(port).restore(state)
  }

  #trackerOf(port: number): SequenceTracker {
    const known = this.#trackers.get(port)
    if (known !== undefined) return known
    if (this.#trackers.size >= MAX_PORTS) this.#forgetOldest()
    const tracker = new SequenceTracker(this.#exportVersion, { account: this.#account })
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
    tracker.settleClaims()
    addCounts(this.#forgotten, tracker)
  }
}
