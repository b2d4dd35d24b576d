/**
 * Keeps the datagrams of one stream key that came from another source port and do not fit its
 * sequence, until it is clear whether the stream moved there (a restart, a loss, an exporter that
 * uses several ports) or another exporter shares the address. Bounded: the oldest is forgotten.
 */

import { REORDER_WINDOW_MS } from './reorder-window.ts'
import type { NumberRange } from './sequence-tracker.ts'
import type { SequencedDatagram } from './sequenced-datagram.ts'

/** So many datagrams in order on one port, beside a stream that goes on, are another exporter. */
const SEVERAL_EXPORTERS_RUN = 6
/** So many are the stream itself, when the stream is not heard any more elsewhere. */
const SAME_STREAM_RUN = 2
/** A stream is not heard any more when it is silent for so many of its longest intervals. */
const SILENT_INTERVALS = 5
/** So many are the stream itself, when it is not known how often the stream is heard. */
const SAME_STREAM_LONG_RUN = 16
/** The longest interval is forgotten by this share with each datagram. */
const INTERVAL_DECAY = 0.05
const MAX_HELD = 256

export type OutsiderVerdict = 'undecided' | 'same-stream' | 'several-exporters'

export interface Outsider {
  readonly port: number
  readonly datagram: SequencedDatagram
}

interface OutsiderRun {
  next: number
  length: number
  /** The stream itself was heard since the first datagram of this port. */
  isMainHeard: boolean
}

export class OutsiderRuns {
  readonly #maxPorts: number
  readonly #runs = new Map<number, OutsiderRun>()
  #held: Outsider[] = []
  #mainHeardAtMs: number | undefined
  #mainIntervalMs: number | undefined

  constructor(maxPorts: number) {
    this.#maxPorts = maxPorts
  }

  get size(): number {
    return this.#held.length
  }

  /** Takes note that the stream itself was heard and went on. */
  noteMain(receivedAtMs: number): void {
    if (this.#mainHeardAtMs !== undefined) {
      const intervalMs = receivedAtMs - this.#mainHeardAtMs
      const longest = this.#mainIntervalMs ?? 0
      this.#mainIntervalMs =
        intervalMs > longest ? intervalMs : longest + (intervalMs - longest) * INTERVAL_DECAY
    }
    this.#mainHeardAtMs = receivedAtMs
    if (this.#runs.size === 0) return
    for (const run of this.#runs.values()) run.isMainHeard = true
  }

  /** Tells whether a datagram is the next one after those that are held of its port. */
  continues(start: number, port: number): boolean {
    return this.#runs.get(port)?.next === start
  }

  isDuplicate(sequence: number, fingerprint: number): boolean {
    return this.#held.some(
      ({ datagram }) => datagram.sequence === sequence && datagram.fingerprint === fingerprint,
    )
  }

  /**
   * Holds a copy of a datagram and judges what it and those before it are.
   *
   * @param range the numbers that it stands for
   */
  add(datagram: SequencedDatagram, port: number, { start, end }: NumberRange): OutsiderVerdict {
    this.#held.push({ port, datagram: { ...datagram } })
    if (this.#held.length > MAX_HELD) this.#held.shift()
    const isOnOtherPort = this.#isNextElsewhere(start, port)
    const run = this.#runOf(port)
    run.length = run.next === start ? run.length + 1 : 1
    run.next = end
    // Two exporters do not continue each other: one exporter sends from several ports.
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
   * Tells whether what is held can wait no longer, as the stream is heard nowhere else any more.
   *
   * @param isNear whether a datagram may follow on the stream after a small loss
   */
  isOverdue(nowMs: number, isNear: (datagram: SequencedDatagram) => boolean): boolean {
    const last = this.#held.at(-1)
    if (last === undefined || this.#mainHeardAtMs === undefined) return false
    if (nowMs - last.datagram.receivedAtMs <= REORDER_WINDOW_MS) return false
    if (this.#mainIntervalMs !== undefined) return this.#isMainSilent(nowMs)
    const isLong = nowMs - this.#mainHeardAtMs > SILENT_INTERVALS * REORDER_WINDOW_MS
    return isLong && this.#held.every(({ datagram }) => isNear(datagram))
  }

  /** Gives back the first one that fits the stream after all; to be asked until there is none. */
  takeFitting(fits: (datagram: SequencedDatagram) => boolean): Outsider | undefined {
    const index = this.#held.findIndex(({ datagram }) => fits(datagram))
    const [fitting] = index < 0 ? [] : this.#held.splice(index, 1)
    if (fitting === undefined) return undefined
    const { port } = fitting
    if (!this.#held.some((held) => held.port === port)) this.#runs.delete(port)
    return fitting
  }

  /** Gives back everything, in the order of arrival. */
  takeAll(): readonly Outsider[] {
    const all = this.#held
    this.#held = []
    this.#runs.clear()
    return all
  }

  #runOf(port: number): OutsiderRun {
    const known = this.#runs.get(port)
    if (known !== undefined) return known
    if (this.#runs.size >= this.#maxPorts) {
      const oldest = this.#runs.keys().next()
      if (!oldest.done) this.#forgetPort(oldest.value)
    }
    const run = { next: 0, length: 0, isMainHeard: false }
    this.#runs.set(port, run)
    return run
  }

  #forgetPort(port: number): void {
    this.#runs.delete(port)
    this.#held = this.#held.filter((held) => held.port !== port)
  }

  #isNextElsewhere(start: number, port: number): boolean {
    for (const [otherPort, run] of this.#runs) {
      if (otherPort !== port && !run.isMainHeard && run.next === start) return true
    }
    return false
  }

  #isMainSilent(nowMs: number): boolean {
    if (this.#mainHeardAtMs === undefined || this.#mainIntervalMs === undefined) return false
    return nowMs - this.#mainHeardAtMs >= SILENT_INTERVALS * this.#mainIntervalMs
  }

  /** Tells whether the exporter booted after the stream was last heard: then it restarted. */
  #hasBootedSince({ receivedAtMs, uptimeMs }: SequencedDatagram): boolean {
    if (this.#mainHeardAtMs === undefined || uptimeMs === undefined || uptimeMs === 0) return false
    return uptimeMs < receivedAtMs - this.#mainHeardAtMs
  }
}
