/**
 * The spine of the writer, top to bottom as the data goes: bytes of the journal, lines, datagrams,
 * messages, flow records, batches. It opens and closes nothing.
 */

import type { Logger } from '../shared/logger.ts'
import type { CollectorReport } from '../shared/pipe-line.ts'
import { Accounting } from './accounting.ts'
import type { Batcher } from './batcher.ts'
import { type LineKind, LineReader } from './datagram-line.ts'
import type { AdmissionRefusal, Exporter, ExporterRegistry } from './exporters/exporter-registry.ts'
import { fingerprintPayload } from './exporters/fingerprint.ts'
import { takeHeldSets } from './held-memory.ts'
import type { HeldMessages } from './held-messages.ts'
import { LineSplitter } from './line-splitter.ts'
import type { LineCounts, RejectionOutcome } from './load/batch-changes.ts'
import type { CopyBatch } from './load/copy-batch.ts'
import type { HeldCount } from './load/loader-state.ts'
import type { Decoder } from './netflow/decode.ts'
import type { FlowSink } from './netflow/flow-record.ts'
import { ProblemLog } from './problem-log.ts'
import { REJECT_TEXT } from './problem-text.ts'
import { takeMemory } from './stream-memory.ts'
import type { StreamState } from './stream-state.ts'
import type { Streams } from './streams.ts'
import { Tally } from './tally.ts'
import type { WriterMetrics } from './writer-metrics.ts'

export interface IngestOptions {
  readonly logger: Logger
  readonly metrics: WriterMetrics
  readonly registry: ExporterRegistry
  readonly streams: Streams
  readonly batcher: Batcher
  readonly decoder: Decoder
  /** Where the next byte stands in the stream. */
  readonly position: number
  /** The lines before it. */
  readonly lines: LineCounts
  /** What the decoder holds of before. */
  readonly heldMessages: HeldMessages
  /** Tells whether everything that the collector has sent so far has been taken. */
  readonly isCaughtUp: () => boolean
}

/** Whose address is none cannot export; others are not taken by choice. */
const REFUSAL_OUTCOME: Readonly<Record<AdmissionRefusal, RejectionOutcome>> = {
  'invalid-address': 'rejected',
  'not-allowed': 'refused',
  'too-many': 'refused',
}

/** A stretch of the stream, in positions, that cannot be read. */
export interface StreamGap {
  readonly kind: 'missing' | 'corrupt'
  readonly from: number
  readonly to: number
}

const GAP_TEXT = {
  missing:
    'bytes of the journal are missing: their datagrams are lost; reading goes on behind them',
  corrupt:
    'bytes of the journal are damaged (checksum): their datagrams are lost; reading goes on with the next line',
} as const

/** When this process itself did not run for so long, what was sent meanwhile is still to be read. */
const STALLED_TICK_MS = 1_000

export class Ingest {
  readonly #options: IngestOptions
  readonly #decoder: Decoder
  readonly #splitter: LineSplitter
  readonly #line: LineReader
  readonly #problems: ProblemLog
  readonly #tally: Tally
  readonly #accounting: Accounting
  readonly #store: FlowSink
  readonly #ignore: FlowSink = () => this.#tally.countNotStored()
  /** Exporters heard since the last batch was closed. */
  readonly #heard = new Set<Exporter>()
  /** The stream's clock: receive time of the last line, and when it was read. */
  #streamMs = 0
  #readAtMs = 0
  #tickedAtMs = 0

  constructor(options: IngestOptions) {
    this.#options = options
    this.#decoder = options.decoder
    this.#line = new LineReader(this.#decoder.datagram.bytes)
    const { metrics, streams, batcher, decoder, heldMessages, lines } = options
    this.#problems = new ProblemLog(options.logger)
    this.#tally = new Tally({ batcher, metrics, lines })
    this.#accounting = new Accounting({
      log: this.#problems,
      tally: this.#tally,
      ...{ metrics, streams, batcher, decoder, heldMessages },
    })
    this.#store = (record, message) => options.batcher.current.append(record, message)
    this.#splitter = new LineSplitter(options.position, {
      onLine: (bytes, start, end) => this.#takeLine(this.#line.read(bytes, start, end)),
      onOversized: () => this.#takeLine('malformed'),
    })
  }

  /** Receive time of the newest line so far, Unix milliseconds; 0 when there was none. */
  get streamMs(): number {
    return this.#streamMs
  }

  /** Takes the next bytes of the stream; they may be reused afterwards. */
  takeBytes(bytes: Buffer): void {
    this.#splitter.push(bytes)
  }

  /** Goes around bytes that cannot be had: what is left of their first and last line is useless. */
  takeGap({ kind, from, to }: StreamGap): void {
    const { metrics, logger, batcher } = this.#options
    metrics.journalLostBytes.inc({ kind }, to - from)
    logger.error({ from, to, bytes: to - from }, GAP_TEXT[kind])
    this.#splitter.skip(to - from)
    batcher.touch()
  }

  /**
   * Does what only time brings about: gaps declared, held sets given up. To be called often. The
   * stream's clock stands still while there is more to read, or what is late but already in the
   * journal would be declared lost.
   */
  tick(): void {
    const now = performance.now()
    const sinceTickMs = now - this.#tickedAtMs
    this.#tickedAtMs = now
    if (this.#streamMs === 0) return
    const isStanding = !this.#options.isCaughtUp() || sinceTickMs > STALLED_TICK_MS
    if (isStanding) {
      this.#readAtMs += sinceTickMs
      return
    }
    const nowMs = this.#streamMs + Math.max(0, now - this.#readAtMs)
    for (const stream of this.#options.streams.all()) this.#accounting.declareGaps(stream, nowMs)
    this.#decoder.expireHeldSets(nowMs * 1000)
    this.#accounting.countExpiredSets()
    this.#options.batcher.closeFull()
  }

  /** Settles datagrams that were counted as held before this start, and are not held any more. */
  settleLostHeld(counted: readonly HeldCount[]): void {
    this.#accounting.settleLostHeld(counted)
  }

  /** Completes a batch that is about to be submitted. */
  closeBatch(batch: CopyBatch): void {
    const { streams, heldMessages } = this.#options
    batch.journalTo = this.#splitter.position
    batch.changes.lines = this.#tally.lines
    for (const exporter of this.#heard) {
      const { address, firstSeenMicros, lastSeenMicros, enabled } = exporter
      const change = { address, firstSeenMicros, lastSeenMicros, enabled }
      batch.changes.exporters.set(address, change)
    }
    this.#heard.clear()
    for (const stream of streams.takeDirty()) {
      batch.changes.streams.set(stream.key, stream.takeChange())
      takeMemory(stream.decoding, batch.changes)
    }
    takeHeldSets(this.#decoder.heldSets, heldMessages, batch.changes)
  }

  #takeLine(kind: LineKind): void {
    const { metrics, batcher } = this.#options
    metrics.lines.inc({ kind })
    if (kind === 'empty') return
    if (kind === 'malformed') this.#takeMalformed()
    else if (this.#line.isAfterTorn) this.#takeTorn()
    if (kind === 'datagram') this.#takeDatagram()
    else if (kind === 'report') this.#takeReport(this.#line.report as CollectorReport)
    batcher.touch()
    batcher.closeFull()
  }

  /** A line that was cut, before the one that was read. */
  #takeTorn(): void {
    this.#options.metrics.lines.inc({ kind: 'malformed' })
    this.#takeMalformed()
  }

  #takeMalformed(): void {
    this.#tally.beginMalformed()
    this.#tally.reject('rejected', 'malformed-line')
    this.#problems.warn(performance.now(), 'pipe', 'skipped a malformed line of the pipe', {})
  }

  #takeReport(report: CollectorReport): void {
    this.#setClock(report.time * 1000)
    this.#tally.countReport()
    const { collectorReports } = this.#options.batcher.current.changes
    const { lines } = this.#tally
    const before = collectorReports.get(report.collector)
    collectorReports.set(report.collector, {
      collector: report.collector,
      startedAtMicros: Math.round(report.startedAt * 1e6),
      reportedAtMicros: Math.round(report.time * 1e6),
      received: report.received,
      forwarded: report.forwarded,
      queueDropped: report.queueDropped,
      kernelDropped: report.kernelDropped ?? null,
      final: report.final === true,
      // It stands behind all that was received before it, but for what the queue had no room for.
      firstSent: before?.firstSent ?? report.received - report.queueDropped,
      first: before?.first ?? lines,
      last: lines,
    })
  }

  #takeDatagram(): void {
    const { address, receivedAtMicros, length } = this.#line
    const receivedAtMs = receivedAtMicros / 1000
    this.#setClock(receivedAtMs)
    this.#tally.beginDatagram(this.#options.registry.find(address)?.address)
    const reason = this.#decoder.readHeader(length)
    if (reason !== undefined) {
      this.#reject('rejected', reason, {
        bytes: length,
        version: this.#decoder.header.exportVersion,
      })
      return
    }
    const exporter = this.#admit(address, receivedAtMicros)
    if (exporter === undefined) return
    const stream = this.#options.streams.find(exporter, this.#decoder.header)
    if (stream === undefined) {
      this.#reject('refused', 'too-many-streams', {})
      return
    }
    this.#takeMessage(exporter, stream)
  }

  #admit(address: string, receivedAtMicros: number): Exporter | undefined {
    const { registry, logger } = this.#options
    const known = registry.size
    const exporter = registry.admit(address, receivedAtMicros)
    if (typeof exporter === 'string') {
      this.#reject(REFUSAL_OUTCOME[exporter], exporter, {})
      return undefined
    }
    this.#tally.attribute(exporter.address)
    this.#heard.add(exporter)
    if (registry.size > known) {
      const { exportVersion: version, observationDomain } = this.#decoder.header
      const facts = {
        exporter: exporter.address,
        enabled: exporter.enabled,
        version,
        observationDomain,
      }
      logger.info(facts, 'registered a new exporter')
    }
    return exporter
  }

  #takeMessage(exporter: Exporter, stream: StreamState): void {
    const { streams } = this.#options
    const { header, datagram, outcome } = this.#decoder
    const { receivedAtMicros } = this.#line
    // The caches of a v8 router number their flows each on their own, as if they were several.
    const port = header.exportVersion === 8 ? header.aggregationScheme : this.#line.port
    const receivedAtMs = receivedAtMicros / 1000
    const fingerprint = fingerprintPayload(datagram.bytes.subarray(0, header.length))
    streams.markDirty(stream)
    stream.change.lastSeenMicros = receivedAtMicros
    if (stream.sequence.isDuplicate(header.sequence, fingerprint, port)) {
      stream.sequence.countDuplicate()
      this.#tally.settle('duplicate')
      return
    }
    const sink = exporter.enabled ? this.#store : this.#ignore
    stream.decoding.samplers.configure(exporter.sampling, receivedAtMicros)
    this.#decoder.decode(stream.decoding, receivedAtMicros, sink, port)
    stream.clockSkew.observe(receivedAtMs, header.exportMicros / 1000)
    for (const { sequence, dataRecords } of outcome.releases) {
      stream.sequence.release(sequence, dataRecords)
    }
    const sequenced = stream.sequence.observe(
      {
        sequence: header.sequence,
        dataRecords: outcome.dataRecords,
        templateRecords: outcome.templateRecords,
        undecodedSets: outcome.waitingSets + outcome.malformedSets,
        receivedAtMs,
        uptimeMs: Number.isNaN(header.uptimeMs) ? undefined : header.uptimeMs,
        fingerprint,
      },
      port,
    )
    if (sequenced === 'restart') {
      stream.decoding.unconfirm(receivedAtMicros)
      this.#accounting.logRestart(stream)
    }
    this.#accounting.countMessage(exporter, stream)
    this.#accounting.declareGaps(stream, receivedAtMs)
    this.#accounting.logNotices(stream)
  }

  #reject(
    outcome: RejectionOutcome,
    reason: string,
    facts: Readonly<Record<string, unknown>>,
  ): void {
    this.#tally.reject(outcome, reason)
    const text = REJECT_TEXT[reason] ?? `rejected a datagram: ${reason}`
    this.#problems.warn(performance.now(), this.#line.address, text, facts)
  }

  #setClock(receivedAtMs: number): void {
    this.#streamMs = receivedAtMs
    this.#readAtMs = performance.now()
  }
}
