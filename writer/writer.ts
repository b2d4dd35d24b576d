/** The writer as a whole: makes the parts, starts them in order, and stops them without a loss. */

import { loadLibc } from '../shared/libc.ts'
import type { Logger } from '../shared/logger.ts'
import { type Health, MetricsServer } from '../shared/metrics-server.ts'
import type { WriterSettings } from './config.ts'
import { judgeWriterHealth } from './health.ts'
import { Batcher } from './ingest/batcher.ts'
import { Ingest } from './ingest/ingest.ts'
import { noteJournalDatabase } from './journal/journal-database.ts'
import { JournalReader } from './journal/journal-reader.ts'
import { JournalWriter } from './journal/journal-writer.ts'
import type { CopyBatch } from './load/copy/copy-batch.ts'
import { FlowLoader, LoaderStoppedError } from './load/flow-loader.ts'
import type { ResumePoint } from './load/tables/resume-point.ts'
import { createWriterMetrics, type WriterMetrics } from './metrics.ts'
import { Decoder } from './netflow/decode.ts'
import { AllowList } from './streams/allow-list.ts'
import { ExporterRegistry } from './streams/exporter-registry.ts'
import { HeldDatagrams } from './streams/held-datagrams.ts'
import { restoreStreams } from './streams/restore.ts'
import { MAX_STREAMS, type Streams } from './streams/streams.ts'

/** How often time is looked at: gaps leave their window, held sets grow old. */
const TICK_MS = 250
/** How often the database is asked what an operator has set for exporters. */
const EXPORTER_POLL_MS = 2_000
/** When it stops it loads for so long at most; the journal keeps the rest for the next start. */
const LOAD_AT_STOP_MS = 10_000
/** The same while the database is away. */
const AWAY_AT_STOP_MS = 1_000

export interface WriterOptions {
  readonly settings: WriterSettings
  readonly logger: Logger
}

/** What there is once the database has told where to begin. */
interface Spine {
  readonly registry: ExporterRegistry
  readonly streams: Streams
  readonly batcher: Batcher
  readonly ingest: Ingest
  readonly feed: JournalReader
}

export class Writer {
  readonly #options: WriterOptions
  readonly #libc = loadLibc()
  readonly #decoder = new Decoder()
  readonly #heldDatagrams = new HeldDatagrams()
  readonly #metrics: WriterMetrics
  readonly #metricsServer: MetricsServer
  readonly #intake: JournalWriter
  #loader: FlowLoader | undefined
  #spine: Spine | undefined
  /** Position that the database holds. */
  #committed = 0
  readonly #timers: NodeJS.Timeout[] = []
  #isStopping = false

  constructor(options: WriterOptions) {
    this.#options = options
    const { settings, logger } = options
    const { METRICS_HOST, METRICS_PORT } = settings
    this.#intake = new JournalWriter({
      settings,
      libc: this.#libc,
      logger,
      onAppended: () => this.#spine?.feed.wake(),
    })
    const { journal } = this.#intake
    this.#metrics = createWriterMetrics({
      heldDatagrams: () => this.#heldDatagrams.count,
      heldSets: () => this.#decoder.heldSets.count,
      heldBytes: () => this.#decoder.heldSets.bytes,
      exporters: () => this.#spine?.registry.size ?? 0,
      streams: () => this.#spine?.streams,
      batchesInFlight: () => this.#spine?.batcher.inFlight ?? 0,
      journalBytes: () => journal.bytes,
      journalLagBytes: () => this.#lagBytes,
      journalLagSeconds: () => this.#lagSeconds,
    })
    this.#metricsServer = new MetricsServer({
      host: METRICS_HOST,
      port: METRICS_PORT,
      registry: this.#metrics.registry,
      health: () => this.#health(),
      logger,
    })
  }

  /**
   * Takes what the pipe holds into the journal at once, waits for the database, and begins to load.
   *
   * @throws PipeError, JournalError, DatabaseError: the message says what to do
   */
  async start(): Promise<void> {
    this.#intake.start()
    await this.#metricsServer.start()
    const loader = this.#createLoader()
    this.#loader = loader
    const state = await loader.start()
    if (!state || this.#isStopping) return
    this.#placeJournal(state)
    const spine = this.#wire(state, loader)
    this.#spine = spine
    spine.feed.start()
    this.#every(TICK_MS, () => spine.ingest.tick())
    this.#every(EXPORTER_POLL_MS, () => void this.#pollExporters())
    const { journal, journalId } = this.#intake
    const facts = { journalId, position: state.position, behindBytes: journal.end - state.position }
    this.#options.logger.info(facts, 'loading what the journal holds, and what comes')
  }

  #createLoader(): FlowLoader {
    const { settings, logger } = this.#options
    const { journalId, journalDatabase } = this.#intake
    return new FlowLoader({
      databaseUrl: settings.DATABASE_URL,
      libc: this.#libc,
      lanes: settings.COPY_LANES,
      partitionInterval: settings.PARTITION_INTERVAL,
      retentionDays: settings.RETENTION_DAYS,
      maxStreams: MAX_STREAMS,
      journalId,
      journalDatabase,
      logger,
    })
  }

  /** Brings journal and database together. */
  #placeJournal({ database, position }: ResumePoint): void {
    const { settings, logger } = this.#options
    const { journal } = this.#intake
    noteJournalDatabase(settings.JOURNAL_DIR, database)
    const lostBytes = journal.moveBehind(position)
    const text =
      'the end of the journal is missing, as after a power cut; the database holds it already: no flow is lost'
    if (lostBytes > 0 && journal.start !== position) logger.warn({ lostBytes, position }, text)
    this.#committed = position
    journal.trim(position)
  }

  #wire(state: ResumePoint, loader: FlowLoader): Spine {
    const { settings, logger } = this.#options
    const { journal } = this.#intake
    const registry = new ExporterRegistry({
      policy: settings.EXPORTER_POLICY,
      allowList: new AllowList(settings.EXPORTER_ALLOW),
      maxExporters: settings.MAX_EXPORTERS,
    })
    registry.update(state.exporters)
    const messages = this.#heldDatagrams
    const streams = restoreStreams(state, { decoder: this.#decoder, messages, logger })
    const batcher: Batcher = new Batcher({
      maxRows: settings.BATCH_ROWS,
      flushIntervalMs: settings.FLUSH_INTERVAL_MS,
      maxInFlight: settings.COPY_LANES + 1,
      heldBytes: () => this.#decoder.heldSets.unwrittenBytes,
      changedStreams: () => streams.dirtyCount,
      onClose: (batch) => ingest.closeBatch(batch),
      submit: (batch) => this.#load(loader, batch),
      onRoom: () => feed.wake(),
    })
    const feed: JournalReader = new JournalReader({
      journal,
      position: state.position,
      logger,
      hasRoom: () => batcher.hasRoom,
      onBytes: (bytes) => ingest.takeBytes(bytes),
      onGap: (gap) => ingest.takeGap(gap),
    })
    const ingest: Ingest = new Ingest({
      logger,
      metrics: this.#metrics,
      registry,
      streams,
      batcher,
      decoder: this.#decoder,
      position: state.position,
      lines: state.lines,
      heldDatagrams: this.#heldDatagrams,
      isCaughtUp: () => feed.isCaughtUp && this.#intake.hindrance === undefined,
    })
    ingest.settleLostHeld(state.held)
    return { registry, streams, batcher, ingest, feed }
  }

  #load(loader: FlowLoader, batch: CopyBatch): void {
    loader.submit(batch).then(
      () => this.#release(batch),
      (error: unknown) => {
        if (error instanceof LoaderStoppedError) return
        const text = error instanceof Error ? error.message : String(error)
        this.#options.logger.fatal({ err: error }, text)
        process.exit(1)
      },
    )
  }

  #release(batch: CopyBatch): void {
    this.#metrics.rowsCommitted.inc(batch.rows - batch.parked)
    this.#metrics.rowsParked.inc(batch.parked)
    this.#metrics.batchesCommitted.inc()
    const now = performance.now()
    this.#metrics.batchAge.observe((now - batch.openedAtMs) / 1000)
    this.#metrics.commitAge.observe((now - batch.submittedAtMs) / 1000)
    this.#committed = batch.journalTo
    this.#trimJournal()
    this.#spine?.batcher.release(batch)
  }

  #trimJournal(): void {
    try {
      this.#intake.journal.trim(this.#committed)
    } catch (error) {
      const text = 'a loaded segment of the journal cannot be deleted; trying again'
      this.#options.logger.error({ err: error }, text)
    }
  }

  async #pollExporters(): Promise<void> {
    const { logger } = this.#options
    try {
      const rows = await this.#loader?.readExporters()
      const updated = this.#spine?.registry.update(rows ?? []) ?? []
      for (const { address, enabled, sampling } of updated) {
        const facts = { exporter: address, enabled, sampling }
        logger.info(facts, 'the settings of an exporter were changed by the operator')
      }
    } catch (error) {
      logger.debug({ err: error }, 'the exporters could not be read; trying again')
    }
  }

  get #lagBytes(): number {
    return Math.max(0, this.#intake.journal.end - this.#committed)
  }

  get #lagSeconds(): number {
    const streamMs = this.#spine?.ingest.streamMs ?? 0
    if (streamMs === 0 || this.#lagBytes === 0) return 0
    return Math.max(0, (Date.now() - streamMs) / 1000)
  }

  #health(): Health {
    const { journal, hindrance } = this.#intake
    const since = this.#loader?.awaySince
    return judgeWriterHealth({
      isLoading: this.#spine !== undefined,
      databaseAwayMs: since === undefined ? 0 : performance.now() - since,
      journalFill: journal.fill,
      hindrance,
    })
  }

  #every(intervalMs: number, action: () => void): void {
    this.#timers.push(setInterval(action, intervalMs))
  }

  /** Takes what is in the pipe, and loads what is in the journal, as far as time allows. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#intake.drain()
    this.#intake.stop()
    for (const timer of this.#timers) clearInterval(timer)
    const isLoaded = this.#spine ? await this.#loadRest(this.#spine) : false
    this.#spine?.feed.stop()
    this.#spine?.ingest.tellMuted()
    await this.#loader?.stop()
    const bytes = this.#lagBytes
    this.#intake.close()
    if (!isLoaded && bytes > 0) {
      this.#options.logger.info({ bytes }, 'the rest stays in the journal for the next start')
    }
    await this.#metricsServer.stop()
  }

  /** Loads until nothing is left, or time is over; tells whether nothing is left. */
  async #loadRest({ feed, batcher }: Spine): Promise<boolean> {
    const loader = this.#loader as FlowLoader
    const deadline = performance.now() + LOAD_AT_STOP_MS
    for (;;) {
      const now = performance.now()
      const isAway = loader.awaySince !== undefined && now - loader.awaySince > AWAY_AT_STOP_MS
      if (feed.isCaughtUp) batcher.flush()
      if (feed.isCaughtUp && batcher.inFlight === 0) return true
      if (isAway || now > deadline) return false
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
