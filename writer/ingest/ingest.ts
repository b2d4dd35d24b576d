/**
 * The spine of the writer, top to bottom as the data goes: bytes of the journal, lines, datagrams,
 * messages, flow records, batches. It opens and closes nothing.
 */

import type { Logger } from '../../shared/logger.ts'
import type { CollectorReport } from '../../shared/pipe-line.ts'
import type { CopyBatch } from '../load/copy/copy-batch.ts'
import type { LineCounts } from '../load/tables/journal-positions.ts'
import type { HeldCount } from '../load/tables/outcome-counts.ts'
import type { WriterMetrics } from '../metrics.ts'
import type { Decoder } from '../netflow/decode.ts'
import type { ExporterRegistry } from '../streams/exporter-registry.ts'
import type { HeldDatagrams } from '../streams/held-datagrams.ts'
import { takeHeldSets } from '../streams/held-set-rows.ts'
import { takeMemory } from '../streams/memory-rows.ts'
import type { Streams } from '../streams/streams.ts'
import type { Batcher } from './batcher.ts'
import { DatagramIntake } from './datagram-intake.ts'
import { type LineKind, LineReader } from './line-reader.ts'
import { LineSplitter } from './line-splitter.ts'
import { Outcomes } from './outcomes.ts'
import { ProblemLog } from './problem-log.ts'
import { noteReport } from './report-changes.ts'
import { StreamLog } from './stream-log.ts'

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
  readonly heldDatagrams: HeldDatagrams
  /** Tells whether everything that the collector has sent so far has been taken. */
  readonly isCaughtUp: () => boolean
}

/** A stretch of the stream, in positions, that cannot be read. */
export interface LostBytes {
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
  readonly #outcomes: Outcomes
  readonly #streamLog: StreamLog
  readonly #datagrams: DatagramIntake
  /** The stream's clock: receive time of the last line, and when it was read. */
  #streamMs = 0
  #readAtMs = 0
  #tickedAtMs = 0

  constructor(options: IngestOptions) {
    this.#options = options
    this.#decoder = options.decoder
    this.#line = new LineReader(this.#decoder.datagram.bytes)
    const { logger, metrics, registry, streams, batcher, decoder, heldDatagrams, lines } = options
    this.#problems = new ProblemLog(logger)
    this.#outcomes = new Outcomes({ batcher, metrics, lines })
    this.#streamLog = new StreamLog({
      log: this.#problems,
      outcomes: this.#outcomes,
      ...{ metrics, streams, batcher, decoder, heldDatagrams },
    })
    this.#datagrams = new DatagramIntake({
      log: this.#problems,
      line: this.#line,
      outcomes: this.#outcomes,
      streamLog: this.#streamLog,
      ...{ registry, streams, batcher, decoder },
    })
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
    const { position } = this.#splitter
    this.#splitter.push(bytes)
    // What is no line moves on, too, and must leave the journal: empty lines, an endless one.
    if (this.#splitter.position !== position) this.#options.batcher.touch()
  }

  /** Goes around bytes that cannot be had: what is left of their first and last line is useless. */
  takeGap({ kind, from, to }: LostBytes): void {
    const { metrics, logger, batcher } = this.#options
    metrics.journalLostBytes.count(kind, to - from)
    logger.error({ from, to, bytes: to - from }, GAP_TEXT[kind])
    this.#outcomes.countLostBytes(to - from)
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
    this.#problems.tellMuted(now)
    if (this.#streamMs === 0) return
    const isStanding = !this.#options.isCaughtUp() || sinceTickMs > STALLED_TICK_MS
    if (isStanding) {
      this.#readAtMs += sinceTickMs
      return
    }
    const nowMs = this.#streamMs + Math.max(0, now - this.#readAtMs)
    for (const stream of this.#options.streams.all()) this.#streamLog.declareGaps(stream, nowMs)
    this.#decoder.expireHeldSets(nowMs * 1000)
    this.#streamLog.countExpiredSets()
    this.#options.batcher.closeFull()
  }

  /** Tells in the log what was muted until now. */
  tellMuted(): void {
    this.#problems.tellMuted(Number.POSITIVE_INFINITY)
  }

  /** Settles datagrams that were counted as held before this start, and are not held any more. */
  settleLostHeld(counted: readonly HeldCount[]): void {
    this.#streamLog.settleLostHeld(counted)
  }

  /** Completes a batch that is about to be submitted. */
  closeBatch(batch: CopyBatch): void {
    const { streams, heldDatagrams } = this.#options
    batch.journalTo = this.#splitter.position
    batch.changes.lines = this.#outcomes.lines
    for (const exporter of this.#datagrams.takeHeard()) {
      const { address, firstSeenMicros, lastSeenMicros, enabled } = exporter
      const change = { address, firstSeenMicros, lastSeenMicros, enabled }
      batch.changes.exporters.push(change)
    }
    for (const stream of streams.takeDirty()) {
      batch.changes.streams.push(stream.takeChange())
      takeMemory(stream.memory, batch.changes)
    }
    takeHeldSets(this.#decoder.heldSets, heldDatagrams, batch.changes)
  }

  #takeLine(kind: LineKind): void {
    const { metrics, batcher } = this.#options
    metrics.lines.count(kind)
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
    this.#options.metrics.lines.count('malformed')
    this.#takeMalformed()
  }

  #takeMalformed(): void {
    this.#outcomes.beginMalformed()
    this.#outcomes.reject('rejected', 'malformed-line')
    this.#problems.warn(performance.now(), 'pipe', 'skipped a malformed line of the pipe', {})
  }

  #takeReport(report: CollectorReport): void {
    this.#setClock(report.time * 1000)
    this.#outcomes.countReport()
    noteReport(report, this.#outcomes.lines, this.#options.batcher.current.changes)
  }

  #takeDatagram(): void {
    this.#setClock(this.#line.receivedAtMicros / 1000)
    this.#datagrams.take()
  }

  #setClock(receivedAtMs: number): void {
    this.#streamMs = receivedAtMs
    this.#readAtMs = performance.now()
  }
}
