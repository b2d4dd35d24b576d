/**
 * The spine of the writer, top to bottom as the data goes: bytes of the journal, lines, datagrams,
 * messages, flow records, batches.
 */

import type { Logger } from '../../shared/logger.ts'
import type { CollectorReport } from '../../shared/pipe-line.ts'
import type { JournalRead, LostBytes } from '../journal/journal.ts'
import type { LineCounts } from '../load/tables/journal-positions.ts'
import type { HeldCount } from '../load/tables/outcome-counts.ts'
import type { Decoder } from '../netflow/decode.ts'
import { LOST_BYTES_TEXT } from '../problem-text.ts'
import type { ExporterRegistry } from '../streams/exporter-registry.ts'
import type { HeldDatagrams } from '../streams/held-datagrams.ts'
import { takeHeldSets } from '../streams/held-set-rows.ts'
import { takeMemory } from '../streams/memory-rows.ts'
import type { Stream } from '../streams/stream.ts'
import type { Streams } from '../streams/streams.ts'
import { Batcher, type BatcherOptions } from './batcher.ts'
import { DatagramIntake } from './datagram-intake.ts'
import { HeldExpiry } from './held-expiry.ts'
import { type LineKind, LineReader } from './line-reader.ts'
import { LineSplitter } from './line-splitter.ts'
import { Outcomes } from './outcomes.ts'
import { ProblemLog } from './problem-log.ts'
import { StreamClock } from './stream-clock.ts'
import { StreamLog } from './stream-log.ts'

interface IngestOptions extends BatcherOptions {
  readonly logger: Logger
  readonly registry: ExporterRegistry
  readonly streams: Streams
  readonly decoder: Decoder
  readonly heldDatagrams: HeldDatagrams
  /** Position of the first byte that `take` will get, and the lines before it. */
  readonly position: number
  readonly lines: LineCounts
  /** A batch is submitted when it is this old. */
  readonly flushIntervalMs: number
}

/** Memory of sequences is measured at least this often; a datagram adds 4 KB at most. */
const BOUND_EVERY_DATAGRAMS = 4_000
/** After a longer pause of this process, datagrams that were sent meanwhile are not read yet. */
const STALLED_TICK_MS = 1_000

export class Ingest {
  readonly batcher: Batcher
  readonly #options: IngestOptions
  readonly #decoder: Decoder
  readonly #splitter: LineSplitter
  readonly #line: LineReader
  readonly #problemLog: ProblemLog
  readonly #streamLog: StreamLog
  readonly #outcomes: Outcomes
  readonly #datagrams: DatagramIntake
  readonly #heldExpiry: HeldExpiry
  #flushTimer: NodeJS.Timeout | undefined
  readonly #clock = new StreamClock()
  #tickedAtMs = 0
  /** How long the bytes that are taken now have waited to be read. */
  #waitedMs = 0
  /** Datagrams since the memory of sequences was measured. */
  #sinceBounded = 0

  constructor(options: IngestOptions) {
    this.#options = options
    const { logger, decoder, heldDatagrams, registry, streams } = options
    this.#decoder = decoder
    this.#line = new LineReader(decoder.datagram.bytes)
    const batcher = new Batcher(options)
    const outcomes = new Outcomes({ ...options, batcher })
    const problemLog = new ProblemLog(logger)
    const streamLog = new StreamLog(problemLog)
    this.batcher = batcher
    this.#outcomes = outcomes
    this.#problemLog = problemLog
    this.#streamLog = streamLog
    this.#datagrams = new DatagramIntake({
      ...{ batcher, decoder, heldDatagrams, outcomes, problemLog, registry, streamLog, streams },
    })
    this.#heldExpiry = new HeldExpiry({ ...options, outcomes, streamLog })
    this.#splitter = new LineSplitter(options.position)
  }

  /** Receive time of the newest line so far, Unix milliseconds; 0 when there was none. */
  get streamMs(): number {
    return this.#clock.wallMs
  }

  /**
   * Ingests the next stretch of the stream; its bytes may be reused afterwards.
   *
   * @param waitedMs how long it has waited to be read: a batch is as old as its oldest byte
   */
  take(read: JournalRead, waitedMs = 0): void {
    this.#waitedMs = waitedMs
    if (read.kind === 'bytes') this.#takeBytes(read.bytes)
    else this.#skipLostBytes(read)
    this.#waitedMs = 0
  }

  #takeBytes(bytes: Buffer): void {
    const splitter = this.#splitter
    const { position } = splitter
    splitter.push(bytes)
    for (let kind = splitter.next(); kind !== undefined; kind = splitter.next()) {
      if (kind === 'oversized') this.#takeLine('malformed')
      else this.#takeLine(this.#line.read(splitter.bytes, splitter.start, splitter.end))
    }
    // Empty and endless lines must leave the journal, too.
    if (splitter.position !== position) this.#touch()
  }

  /** Skips bytes that cannot be read, and the rest of the lines that they cut. */
  #skipLostBytes({ kind, from, to }: LostBytes): void {
    const { metrics, logger } = this.#options
    metrics.journalLostBytes.count(kind, to - from)
    logger.error({ from, to, bytes: to - from }, LOST_BYTES_TEXT[kind])
    this.#outcomes.countLostBytes(to - from)
    this.#splitter.skip(to - from)
    this.#touch()
  }

  #takeLine(kind: LineKind): void {
    const { metrics } = this.#options
    metrics.lines.count(kind)
    if (kind === 'empty') return
    if (kind === 'malformed') this.#rejectLine()
    else if (this.#line.isAfterTorn) this.#rejectTornLine()
    if (kind === 'datagram') this.#takeDatagram()
    else if (kind === 'report') this.#takeReport(this.#line.report as CollectorReport)
    this.#touch()
    this.#flushFull()
  }

  /** Rejects a line that was cut; the line that was read followed it. */
  #rejectTornLine(): void {
    this.#options.metrics.lines.count('malformed')
    this.#rejectLine()
  }

  #rejectLine(): void {
    this.#outcomes.rejectLine('malformed-line')
    this.#problemLog.warn(performance.now(), 'pipe', 'skipped a malformed line of the pipe', {})
  }

  #takeReport(report: CollectorReport): void {
    this.#clock.read(report.time * 1000, performance.now())
    this.#outcomes.countReport(report)
  }

  #takeDatagram(): void {
    const nowMs = this.#clock.read(this.#line.receivedAtMicros / 1000, performance.now())
    this.#sinceBounded += 1
    if (this.#sinceBounded >= BOUND_EVERY_DATAGRAMS) this.#boundSequences()
    const stream = this.#datagrams.take(this.#line, nowMs)
    if (!stream) return
    this.#declareGaps(stream, nowMs)
    this.#settleExpiredSets()
  }

  /**
   * Declares gaps and gives up held sets as time passes. Call it often. The stream clock stops while
   * there is more to read: datagrams that are late, but already in the journal, are not lost.
   *
   * @param isCaughtUp whether everything that the collector has sent so far has been read
   */
  tick({ isCaughtUp }: { readonly isCaughtUp: boolean }): void {
    const now = performance.now()
    const sinceTickMs = now - this.#tickedAtMs
    this.#tickedAtMs = now
    this.#problemLog.logMuted(now)
    if (this.#clock.wallMs === 0) return
    if (!isCaughtUp || sinceTickMs > STALLED_TICK_MS) {
      this.#clock.pause(sinceTickMs)
      return
    }
    const nowMs = this.#clock.timeAt(now)
    for (const stream of this.#options.streams.all()) this.#declareGaps(stream, nowMs)
    this.#heldExpiry.expire(nowMs, this.#clock.offsetMs)
    this.#settleExpiredSets()
    this.#flushFull()
  }

  /** Declares the holes that have left the reorder window at `nowMs`, a time of the stream. */
  #declareGaps(stream: Stream, nowMs: number): void {
    for (const gap of stream.sequence.expire(nowMs)) {
      this.#options.metrics.lost.count(gap.unit, gap.lost)
      const detectedAtMs = gap.detectedAtMs + this.#clock.offsetMs
      stream.addGap(gap, Math.round(detectedAtMs * 1000), this.batcher.current.changes)
      this.#options.streams.markDirty(stream)
      this.#touch()
      this.#streamLog.logGap(stream, gap)
    }
  }

  /** Settles the datagrams of held sets that were given up. */
  #settleExpiredSets(): void {
    if (this.#decoder.expiredSets.length === 0) return
    this.#heldExpiry.settle()
    this.#touch()
  }

  /** Settles datagrams that an earlier start counted as held and that are gone, e.g. with their exporter. */
  settleLostHeld(counted: readonly HeldCount[]): void {
    if (this.#heldExpiry.settleLost(counted)) this.#touch()
  }

  /** Notes that the current batch holds something; it is submitted when it is old. */
  #touch(): void {
    if (this.batcher.isOpen) return
    this.batcher.open(this.#clock.wallMs)
    const { flushIntervalMs } = this.#options
    this.#flushTimer = setTimeout(() => this.flush(), flushIntervalMs - this.#waitedMs)
  }

  /** Submits the current batch when it is full. Call it only between two lines. */
  #flushFull(): void {
    const heldBytes = this.#decoder.heldSets.unwrittenBytes
    const changedStreams = this.#options.streams.dirtyCount
    if (this.batcher.isFull({ heldBytes, changedStreams })) this.flush()
  }

  /** Submits the current batch, however small; an empty one is not submitted. */
  flush(): void {
    clearTimeout(this.#flushTimer)
    if (!this.batcher.isOpen) return
    this.#boundStreams()
    this.#completeChanges()
    this.batcher.submit()
  }

  /** Trims the sequences of some streams when all together take too much memory. */
  #boundSequences(): void {
    const { metrics, streams } = this.#options
    this.#sinceBounded = 0
    for (const stream of streams.boundSequences()) {
      metrics.trimmedSequences.inc()
      this.#streamLog.logTrimmed(stream)
    }
  }

  /** Trims and forgets streams whose room others need, before their last changes are taken. */
  #boundStreams(): void {
    const { metrics, streams } = this.#options
    this.#boundSequences()
    for (const stream of streams.takeLeaving()) {
      this.#decoder.forget(stream.memory)
      stream.sequence.giveUp()
      streams.noteForgotten(stream)
      metrics.forgottenStreams.inc()
      this.#streamLog.logForgotten(stream)
    }
    this.#settleExpiredSets()
  }

  /** Adds everything that the lines of the current batch changed. */
  #completeChanges(): void {
    const { streams, heldDatagrams, metrics } = this.#options
    const batch = this.batcher.current
    batch.journalTo = this.#splitter.position
    batch.changes.lines = this.#outcomes.lines
    batch.changes.exporters.push(...this.#datagrams.takeHeard())
    for (const stream of streams.takeDirty()) {
      const { strays, retracted } = stream.takeChanges(batch.changes, this.#clock.offsetMs)
      if (strays > 0) metrics.strays.inc(strays)
      for (const [unit, lost] of retracted) metrics.retracted.count(unit, lost)
      takeMemory(stream.memory, batch.changes)
    }
    takeHeldSets(this.#decoder.heldSets, heldDatagrams, batch.changes)
    metrics.exporters.addBatch(batch.changes)
  }

  /** Logs how many lines were muted so far. */
  logMuted(): void {
    this.#problemLog.logMuted(Number.POSITIVE_INFINITY)
  }
}
