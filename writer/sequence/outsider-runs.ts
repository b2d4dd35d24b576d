/**
 * Outsiders: datagrams that come from another source port than the stream, and do not fit its
 * sequence. They wait until it is clear where they belong. Either the stream has moved to that port
 * (a restart, a loss, an exporter with several ports), or another exporter shares the address.
 */

import type { Cadence } from './cadence.ts'
import { MAX_PORTS } from './port-trackers.ts'
import { REORDER_WINDOW_MS } from './reorder-window.ts'
import type { NumberRange } from './sequence-hole.ts'
import type { SequenceSeries } from './sequence-series.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'

/** A run of this many datagrams on one port, while the stream goes on, is another exporter. */
const SEVERAL_EXPORTERS_RUN = 6
/** A run of this many is the stream itself, once the stream is silent. */
const SAME_STREAM_RUN = 2
/** A stream is silent after this many of its longest intervals between datagrams. */
const SILENT_INTERVALS = 5
/** A run of this many is the stream itself, while the intervals of the stream are unknown. */
const SAME_STREAM_LONG_RUN = 16
/** Beyond this, the oldest outsider is forgotten. */
const MAX_OUTSIDERS = 256

/** An estimate; measured: 210 bytes. */
const OUTSIDER_BYTES = 250

/** Where the outsiders of a port come from. */
type OutsiderOrigin = 'undecided' | 'same-stream' | 'several-exporters'

export interface Outsider {
  readonly port: number
  readonly datagram: SequencedDatagram
  /** The number after its own. */
  readonly to: number
}

/** Outsiders of one port whose numbers continue each other. */
interface OutsiderRun {
  next: number
  length: number
  /** Whether the stream itself was heard since the first datagram of this port. */
  isMainHeard: boolean
  /** Outsiders that were dropped as strays. */
  dropped: number
}

export class OutsiderRuns {
  readonly #main: Cadence
  readonly #runs = new Map<number, OutsiderRun>()
  #outsiders: Outsider[] = []
  #dropped = 0

  /** @param main the cadence of the stream itself, which the caller keeps up to date */
  constructor(main: Cadence) {
    this.#main = main
  }

  /** The number of outsiders. */
  get size(): number {
    return this.#outsiders.length
  }

  /** Their memory, estimated. */
  get bytes(): number {
    return this.#outsiders.length * OUTSIDER_BYTES
  }

  /** Outsiders that are strays so far: those of no stream. */
  get strays(): number {
    return this.#outsiders.length + this.#dropped
  }

  /** Notes that the stream itself was heard and went on. */
  noteMain(): void {
    for (const run of this.#runs.values()) run.isMainHeard = true
  }

  /** Whether a datagram that begins at this number continues the outsiders of its port. */
  continues(start: number, port: number): boolean {
    return this.#runs.get(port)?.next === start
  }

  /** Whether an outsider has this number and this payload. */
  isDuplicate(sequence: number, fingerprint: number): boolean {
    return this.#outsiders.some(
      ({ datagram }) => datagram.sequence === sequence && datagram.fingerprint === fingerprint,
    )
  }

  /**
   * Adds a copy of a datagram and judges the outsiders.
   *
   * @param range the numbers that the datagram stands for
   */
  add(datagram: SequencedDatagram, port: number, { from, to }: NumberRange): OutsiderOrigin {
    this.#outsiders.push({ port, datagram: { ...datagram }, to })
    const oldest = this.#outsiders.length > MAX_OUTSIDERS ? this.#outsiders.shift() : undefined
    if (oldest !== undefined) this.#drop(oldest.port)
    const isOnOtherPort = this.#isNextElsewhere(from, port)
    const run = this.#runOf(port)
    run.length = run.next === from ? run.length + 1 : 1
    run.next = to
    // Two exporters never continue each other's numbers, so one exporter uses several ports.
    if (isOnOtherPort && run.length === 1) return 'same-stream'
    if (run.isMainHeard) {
      return run.length >= SEVERAL_EXPORTERS_RUN ? 'several-exporters' : 'undecided'
    }
    if (this.#hasBootedSince(datagram)) return 'same-stream'
    const needed = this.#isMainSilent(datagram.receivedAtMs)
      ? SAME_STREAM_RUN
      : SAME_STREAM_LONG_RUN
    return run.length >= needed ? 'same-stream' : 'undecided'
  }

  /**
   * Whether the outsiders have waited long enough, because the stream has fallen silent.
   *
   * @param usesPorts whether the stream is known to use several ports; a single datagram from
   *   another port says nothing else
   */
  isOverdue(
    nowMs: number,
    { series, usesPorts }: { readonly series: SequenceSeries; readonly usesPorts: boolean },
  ): boolean {
    const last = this.#outsiders.at(-1)
    if (last === undefined || this.#main.heardAtMs === undefined) return false
    if (!usesPorts && (this.#runs.get(last.port)?.length ?? 0) < SAME_STREAM_RUN) return false
    if (nowMs - last.datagram.receivedAtMs <= REORDER_WINDOW_MS) return false
    if (this.#main.intervalMs !== undefined) return this.#isMainSilent(nowMs)
    const isLong = nowMs - this.#main.heardAtMs > SILENT_INTERVALS * REORDER_WINDOW_MS
    return isLong && this.#outsiders.every(({ datagram }) => series.isNear(datagram))
  }

  /** Removes and returns the first outsider that now fits the stream. */
  takeFitting(series: SequenceSeries): SequencedDatagram | undefined {
    const index = this.#outsiders.findIndex(({ datagram }) => series.accepts(datagram))
    const [fitting] = index < 0 ? [] : this.#outsiders.splice(index, 1)
    if (fitting === undefined) return undefined
    const { port, to } = fitting
    const run = this.#runs.get(port)
    // Its run is the stream's now: the next datagram continues the stream, not the outsiders.
    if (run?.next === to) Object.assign(run, { next: Number.NaN, length: 0 })
    if (!this.#outsiders.some((outsider) => outsider.port === port)) this.#runs.delete(port)
    return fitting.datagram
  }

  /**
   * Removes and returns all outsiders, in the order of arrival.
   *
   * @param port its dropped outsiders were no strays
   */
  takeAll(port?: number): readonly Outsider[] {
    const all = this.#outsiders
    const run = port === undefined ? undefined : this.#runs.get(port)
    this.#dropped -= run?.dropped ?? 0
    this.#outsiders = []
    this.#runs.clear()
    return all
  }

  /** Drops the outsiders that the stream has outlived by the reorder window: they are strays. */
  dropStrays(nowMs: number): void {
    const isStray = ({ port, datagram }: Outsider) =>
      nowMs - datagram.receivedAtMs > REORDER_WINDOW_MS && this.#runs.get(port)?.isMainHeard
    const strays = this.#outsiders.filter(isStray)
    if (strays.length === 0) return
    this.#outsiders = this.#outsiders.filter((outsider) => !isStray(outsider))
    for (const { port } of strays) this.#drop(port)
  }

  #drop(port: number): void {
    this.#dropped += 1
    const run = this.#runs.get(port)
    if (run !== undefined) run.dropped += 1
  }

  #runOf(port: number): OutsiderRun {
    const known = this.#runs.get(port)
    if (known !== undefined) return known
    if (this.#runs.size >= MAX_PORTS) {
      const oldest = this.#runs.keys().next()
      if (!oldest.done) this.#forgetPort(oldest.value)
    }
    const run = { next: 0, length: 0, isMainHeard: false, dropped: 0 }
    this.#runs.set(port, run)
    return run
  }

  #forgetPort(port: number): void {
    this.#runs.delete(port)
    const count = this.#outsiders.length
    this.#outsiders = this.#outsiders.filter((outsider) => outsider.port !== port)
    this.#dropped += count - this.#outsiders.length
  }

  #isNextElsewhere(start: number, port: number): boolean {
    for (const [otherPort, run] of this.#runs) {
      if (otherPort !== port && !run.isMainHeard && run.next === start) return true
    }
    return false
  }

  #isMainSilent(nowMs: number): boolean {
    if (this.#main.heardAtMs === undefined || this.#main.intervalMs === undefined) return false
    return nowMs - this.#main.heardAtMs >= SILENT_INTERVALS * this.#main.intervalMs
  }

  /** Whether the exporter has booted since the stream was last heard. */
  #hasBootedSince({ receivedAtMs, uptimeMs }: SequencedDatagram): boolean {
    if (this.#main.heardAtMs === undefined || uptimeMs === undefined || uptimeMs === 0) return false
    return uptimeMs < receivedAtMs - this.#main.heardAtMs
  }
}
