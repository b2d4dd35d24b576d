/**
 * Counts the outcome of every line, datagram and flow record in the current batch and the metrics.
 * Every datagram that is received comes to exactly one outcome.
 */

import type { CollectorReport } from '../../shared/pipe-line.ts'
import type { LineCounts } from '../load/tables/journal-positions.ts'
import type { CountChange, RefusalOutcome } from '../load/tables/outcome-counts.ts'
import type { WriterMetrics } from '../metrics/metrics.ts'
import type { DecodeResult } from '../netflow/decode-result.ts'
import type { Batcher } from './batcher.ts'

interface OutcomesOptions {
  readonly batcher: Batcher
  readonly metrics: WriterMetrics
  /** Lines that were read by earlier starts, since the beginning of the journal. */
  readonly lines: LineCounts
}

/** The final outcome of a message; `RefusalOutcome` is that of every other datagram. */
export type Outcome = 'decoded' | 'expired' | 'duplicate'

const COUNT_OF = { decoded: 'decoded', expired: 'expired', duplicate: 'duplicates' } as const

export class Outcomes {
  readonly #options: OutcomesOptions
  readonly #lines: { -readonly [Kind in keyof LineCounts]: number }
  /** Exporter of the current datagram; null while it is not registered. */
  #exporter: string | null = null

  constructor(options: OutcomesOptions) {
    this.#options = options
    this.#lines = { ...options.lines }
  }

  /** Lines since the beginning of the journal. */
  get lines(): LineCounts {
    return { ...this.#lines }
  }

  /** The number of the current datagram among those of the journal. */
  get datagramNumber(): number {
    return this.#lines.datagrams
  }

  /**
   * Counts a collector's report. The pipe holds it after all datagrams that its collector received
   * earlier, but for those that the queue had no room for.
   */
  countReport(report: CollectorReport): void {
    this.#lines.reports += 1
    const { lines } = this
    const { collector, startedAt, time, received, forwarded, queueDropped } = report
    const { collectorReports } = this.#options.batcher.current.changes
    const earlier = collectorReports.get(collector)
    collectorReports.set(collector, {
      collector,
      startedAtMicros: Math.round(startedAt * 1e6),
      reportedAtMicros: Math.round(time * 1e6),
      received,
      forwarded,
      queueDropped,
      kernelDropped: report.kernelDropped ?? null,
      final: report.final === true,
      firstSent: earlier?.firstSent ?? received - queueDropped,
      first: earlier?.first ?? lines,
      last: lines,
    })
  }

  /** Counts bytes of the journal that cannot be read. */
  countLostBytes(bytes: number): void {
    this.#lines.lostBytes += bytes
  }

  /** Rejects a line that holds no datagram, though one may have been meant. */
  rejectLine(reason: string): void {
    this.#lines.malformed += 1
    this.#begin(null)
    this.reject('rejected', reason)
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

  /** Attributes the current datagram to an exporter that has been registered because of it. */
  attribute(exporter: string): void {
    if (exporter === this.#exporter) return
    this.#countsOf(this.#exporter).received -= 1
    this.#begin(exporter)
  }

  /** Ends the current datagram, which is no message (`rejected`) or was not admitted (`refused`). */
  reject(outcome: RefusalOutcome, reason: string): void {
    this.#reject(this.#exporter, outcome, reason)
  }

  /** Ends the current datagram. */
  settle(outcome: Outcome): void {
    this.#settle(this.#exporter, outcome)
  }

  /** Ends the current datagram for now: some of its sets wait for a template. */
  hold(): void {
    this.#countsOf(this.#exporter).held += 1
  }

  /** Settles a datagram that was held. */
  settleHeld(exporter: string, outcome: Outcome): void {
    this.#countsOf(exporter).held -= 1
    this.#settle(exporter, outcome)
  }

  /** Refuses a datagram that was held. */
  refuseHeld(exporter: string, reason: string): void {
    this.#countsOf(exporter).held -= 1
    this.#reject(exporter, 'refused', reason)
  }

  /** Counts the records and sets of the current datagram, and of the held sets that it released. */
  countResult(
    { flowRecords, heldSets, releasedSets, trailingBytes, problems }: DecodeResult,
    version: number,
  ): void {
    const { metrics } = this.#options
    if (flowRecords > 0) {
      this.#countsOf(this.#exporter).records += flowRecords
      metrics.flows.count(version, flowRecords)
    }
    if (heldSets > 0) metrics.heldSets.count('held', heldSets)
    if (releasedSets > 0) metrics.heldSets.count('released', releasedSets)
    if (trailingBytes > 0) metrics.trailingBytes.inc(trailingBytes)
    for (const { code } of problems) metrics.problems.count(code)
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
