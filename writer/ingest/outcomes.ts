/**
 * Counts what comes of every line, datagram and flow record, for the batch and the metrics alike. It
 * decides nothing: each place that deals with a datagram says what became of it.
 */

import type { LineCounts } from '../load/tables/journal-positions.ts'
import type { CountChange, RefusalOutcome } from '../load/tables/outcome-counts.ts'
import type { WriterMetrics } from '../metrics.ts'
import type { Batcher } from './batcher.ts'

export interface OutcomesOptions {
  readonly batcher: Batcher
  readonly metrics: WriterMetrics
  /** Lines that were read before, since the beginning of the journal. */
  readonly lines: LineCounts
}

/** What finally comes of a datagram that was a message and was taken. */
export type Outcome = 'decoded' | 'expired' | 'duplicate'

const COUNT_OF = { decoded: 'decoded', expired: 'expired', duplicate: 'duplicates' } as const

export class Outcomes {
  readonly #options: OutcomesOptions
  readonly #lines: { -readonly [Kind in keyof LineCounts]: number }
  /** Whose datagram is being dealt with; null while it is nobody's who is registered. */
  #exporter: string | null = null

  constructor(options: OutcomesOptions) {
    this.#options = options
    this.#lines = { ...options.lines }
  }

  /** Lines since the beginning of the journal. */
  get lines(): LineCounts {
    return { ...this.#lines }
  }

  /** The number of the datagram that was read last. */
  get datagramNumber(): number {
    return this.#lines.datagrams
  }

  countReport(): void {
    this.#lines.reports += 1
  }

  /** Counts bytes of the journal that cannot be had. */
  countLostBytes(bytes: number): void {
    this.#lines.lostBytes += bytes
  }

  /** Begins with a line that holds no datagram, though one may have been meant. */
  beginMalformed(): void {
    this.#lines.malformed += 1
    this.#begin(null)
  }

  /** Begins with a datagram of a registered exporter, or of an unknown address. */
  beginDatagram(exporter: string | undefined): void {
    this.#lines.datagrams += 1
    this.#begin(exporter ?? null)
  }

  #begin(exporter: string | null): void {
    this.#exporter = exporter
    this.#countsOf(exporter).received += 1
  }

  /** Says whose datagram it is, when it was not known at its beginning. */
  attribute(exporter: string): void {
    if (exporter === this.#exporter) return
    this.#countsOf(this.#exporter).received -= 1
    this.#begin(exporter)
  }

  /** Ends with a datagram that is no message (`rejected`), or was not taken by choice (`refused`). */
  reject(outcome: RefusalOutcome, reason: string): void {
    this.#reject(this.#exporter, outcome, reason)
  }

  /** Ends with a datagram that has come to its outcome at once. */
  settle(outcome: Outcome): void {
    this.#settle(this.#exporter, outcome)
  }

  /** Ends with a datagram some of whose sets have to wait. */
  hold(): void {
    this.#countsOf(this.#exporter).held += 1
  }

  /** Settles a datagram of before that was held. */
  settleHeld(exporter: string, outcome: Outcome): void {
    this.#countsOf(exporter).held -= 1
    this.#settle(exporter, outcome)
  }

  /** Refuses a datagram of before that was held. */
  refuseHeld(exporter: string, reason: string): void {
    this.#countsOf(exporter).held -= 1
    this.#reject(exporter, 'refused', reason)
  }

  /** Counts the flow records that the decoder says it has given, of a version. */
  countRecords(records: number, version: number): void {
    if (records === 0) return
    this.#countsOf(this.#exporter).records += records
    this.#options.metrics.flows.count(version, records)
  }

  /** Counts a flow record that is not stored, because its exporter is disabled. */
  countNotStored(): void {
    this.#countsOf(this.#exporter).notStored += 1
    this.#options.metrics.flowsNotStored.count('exporter-disabled')
  }

  #settle(exporter: string | null, outcome: Outcome): void {
    this.#countsOf(exporter)[COUNT_OF[outcome]] += 1
    this.#options.metrics.datagrams.count(outcome)
  }

  #reject(exporter: string | null, outcome: RefusalOutcome, reason: string): void {
    const { batcher, metrics } = this.#options
    const { rejections } = batcher.current.changes
    const key = `${exporter ?? ''} ${outcome} ${reason}`
    const known = rejections.get(key)
    if (known) known.datagrams += 1
    else rejections.set(key, { exporter, outcome, reason, datagrams: 1 })
    metrics.datagrams.count(outcome)
    metrics.rejected.count(reason)
  }

  #countsOf(exporter: string | null): CountChange {
    const { counts } = this.#options.batcher.current.changes
    let change = counts.get(exporter)
    if (change === undefined) {
      change = emptyCounts(exporter)
      counts.set(exporter, change)
    }
    return change
  }
}

function emptyCounts(exporter: string | null): CountChange {
  return {
    exporter,
    received: 0,
    decoded: 0,
    held: 0,
    expired: 0,
    duplicates: 0,
    records: 0,
    notStored: 0,
  }
}
