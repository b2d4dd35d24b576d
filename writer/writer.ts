/** The whole writer: creates the parts, starts them in order, and stops them without a loss. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { loadLibc } from '../shared/libc.ts'
import type { Logger } from '../shared/logger.ts'
import { type Health, MetricsServer } from '../shared/metrics-server.ts'
import type { WriterSettings } from './config.ts'
import { judgeWriterHealth } from './health.ts'
import { Ingest } from './ingest/ingest.ts'
import { JournalReader } from './journal/journal-reader.ts'
import { JournalWriter } from './journal/journal-writer.ts'
import { FlowLoader, LoaderStoppedError } from './load/flow-loader.ts'
import type { ResumePoint } from './load/tables/resume-point.ts'
import { createWriterMetrics, type WriterMetrics } from './metrics.ts'
import { Decoder } from './netflow/decode.ts'
import { AllowList } from './streams/allow-list.ts'
import { ExporterRegistry } from './streams/exporter-registry.ts'
import { HeldDatagrams } from './streams/held-datagrams.ts'
import { restoreStreams } from './streams/restore.ts'
import { MAX_STREAMS, type Streams } from './streams/streams.ts'

/** How often gaps leave their window and held sets grow old. */
const TICK_MS = 250
/** How often the database is asked what an operator has set for exporters. */
const EXPORTER_POLL_MS = 2_000
/** Longest loading after a stop; the journal keeps the rest for the next start. */
const LOAD_AT_STOP_MS = 10_000
/** The same while the database is away. */
const AWAY_AT_STOP_MS = 1_000

interface WriterOptions {
  readonly settings: WriterSettings
  readonly logger: Logger
}

/** The parts that exist once the database has told where to begin. */
interface Spine {
  readonly loader: FlowLoader
  readonly registry: ExporterRegistry
  readonly streams: Streams
  readonly reader: JournalReader
  readonly ingest: Ingest
}

export class Writer {
  readonly #options: WriterOptions
  readonly #libc = loadLibc()
  readonly #decoder = new Decoder()
  readonly #heldDatagrams = new HeldDatagrams()
  readonly #metrics: WriterMetrics
  readonly #metricsServer: MetricsServer
  readonly #journalWriter: JournalWriter
  #loader: FlowLoader | undefined
  #spine: Spine | undefined
  readonly #timers: NodeJS.Timeout[] = []
  #isStopping = false
  /** Nothing is read from the journal any more. */
  #isStopped = false

  constructor(options: WriterOptions) {
    this.#options = options
    const { settings, logger } = options
    this.#journalWriter = new JournalWriter({ settings, libc: this.#libc, logger })
    const { journal } = this.#journalWriter
    this.#metrics = createWriterMetrics({
      heldDatagrams: () => this.#heldDatagrams.count,
      heldSets: () => this.#decoder.heldSets.count,
      heldBytes: () => this.#decoder.heldSets.bytes,
      exporters: () => this.#spine?.registry.size ?? 0,
      streams: () => this.#spine?.streams,
      batchesInFlight: () => this.#spine?.ingest.batchesInFlight ?? 0,
      rollups: () => this.#loader?.rollupStatus,
      journalBytes: () => journal.bytes,
      journalLagBytes: () => this.#lagBytes,
      journalLagSeconds: () => this.#lagSeconds,
    })
    this.#metricsServer = new MetricsServer({
      host: settings.METRICS_HOST,
      port: settings.METRICS_PORT,
      registry: this.#metrics.registry,
      health: () => this.#health(),
      logger,
    })
  }

  /**
   * Moves the pipe's content into the journal at once, waits for the database, and begins to load.
   *
   * @throws PipeError, JournalError, DatabaseError: the message says what to do
   */
  async start(): Promise<void> {
    this.#journalWriter.start()
    await this.#metricsServer.start()
    const loader = this.#createLoader()
    this.#loader = loader
    const resumePoint = await loader.start()
    if (!resumePoint || this.#isStopping) return
    this.#placeJournal(resumePoint)
    const spine = this.#wire(resumePoint, loader)
    this.#spine = spine
    Promise.race([this.#load(spine), spine.ingest.failure]).catch((error) => this.#end(error))
    this.#every(TICK_MS, () => this.#tick(spine))
    this.#every(EXPORTER_POLL_MS, () => void this.#pollExporters(spine))
    const { journal, journalId } = this.#journalWriter
    const { position } = resumePoint
    const facts = { journalId, position, behindBytes: journal.end - position }
    this.#options.logger.info(facts, 'loading what the journal holds, and what comes')
  }

  #createLoader(): FlowLoader {
    const { settings, logger } = this.#options
    const { journalId, journalDatabase } = this.#journalWriter
    return new FlowLoader({
      databaseUrl: settings.DATABASE_URL,
      libc: this.#libc,
      lanes: settings.COPY_LANES,
      partitionInterval: settings.PARTITION_INTERVAL,
      retentionDays: settings.RETENTION_DAYS,
      indexAddresses: settings.INDEX_ADDRESSES,
      rollups: {
        enabled: settings.ROLLUPS === 'on',
        days: {
          minute: settings.ROLLUP_MINUTE_DAYS,
          hour: settings.ROLLUP_HOUR_DAYS,
          day: settings.ROLLUP_DAY_DAYS,
        },
        depths: { hour: settings.ROLLUP_LIST_HOUR, day: settings.ROLLUP_LIST_DAY },
      },
      maxStreams: MAX_STREAMS,
      journalId,
      journalDatabase,
      logger,
    })
  }

  /** Brings the journal to the position that the database holds. */
  #placeJournal({ database, position }: ResumePoint): void {
    const { logger } = this.#options
    const { journal } = this.#journalWriter
    this.#journalWriter.noteDatabase(database)
    const lostBytes = journal.moveBehind(position)
    const text =
      'the end of the journal is missing, as after a power cut; the database holds it already: no flow is lost'
    if (lostBytes > 0 && journal.start !== position) logger.warn({ lostBytes, position }, text)
    journal.trim(position)
  }

  #wire(resumePoint: ResumePoint, loader: FlowLoader): Spine {
    const { settings, logger } = this.#options
    const { position, lines } = resumePoint
    const decoder = this.#decoder
    const heldDatagrams = this.#heldDatagrams
    const registry = new ExporterRegistry({
      policy: settings.EXPORTER_POLICY,
      allowList: new AllowList(settings.EXPORTER_ALLOW),
      maxExporters: settings.MAX_EXPORTERS,
    })
    registry.update(resumePoint.exporters)
    const streams = restoreStreams(resumePoint, { decoder, heldDatagrams, logger })
    const ingest = new Ingest({
      ...{ logger, metrics: this.#metrics, registry, streams, decoder, heldDatagrams, loader },
      position,
      lines,
      maxRows: settings.BATCH_ROWS,
      flushIntervalMs: settings.FLUSH_INTERVAL_MS,
      maxInFlight: settings.COPY_LANES + 1,
    })
    ingest.settleLostHeld(resumePoint.held)
    const reader = new JournalReader({ journal: this.#journalWriter.journal, position, logger })
    return { loader, registry, streams, reader, ingest }
  }

  /** Pulls the journal through ingest, as fast as the database takes the batches. */
  async #load({ reader, ingest }: Spine): Promise<void> {
    for (;;) {
      await ingest.room()
      if (this.#isStopped) return
      this.#trimJournal(ingest.committed)
      const read = reader.read()
      if (read) ingest.take(read)
      // The pipe and the connections get a turn between two reads.
      await (read ? nextTurn() : reader.more())
    }
  }

  #tick({ reader, ingest }: Spine): void {
    const { hindrance } = this.#journalWriter
    ingest.tick({ isCaughtUp: reader.isCaughtUp && hindrance === undefined })
    this.#trimJournal(ingest.committed)
  }

  #trimJournal(committed: number): void {
    try {
      this.#journalWriter.journal.trim(committed)
    } catch (error) {
      const text = 'a loaded segment of the journal cannot be deleted; trying again'
      this.#options.logger.error({ err: error }, text)
    }
  }

  /** A batch can never be loaded: the journal keeps it for a start after the operator has helped. */
  #end(error: unknown): void {
    if (error instanceof LoaderStoppedError) return
    const text = error instanceof Error ? error.message : String(error)
    this.#options.logger.fatal({ err: error }, text)
    process.exit(1)
  }

  async #pollExporters({ loader, registry }: Spine): Promise<void> {
    const { logger } = this.#options
    try {
      for (const exporter of registry.update(await loader.readExporters())) {
        const { address, enabled, sampling, sequenceCheck } = exporter
        const facts = { exporter: address, enabled, sampling, sequenceCheck }
        logger.info(facts, 'the settings of an exporter were changed by the operator')
      }
    } catch (error) {
      logger.debug({ err: error }, 'the exporters could not be read; trying again')
    }
  }

  get #lagBytes(): number {
    return Math.max(0, this.#journalWriter.journal.end - (this.#spine?.ingest.committed ?? 0))
  }

  get #lagSeconds(): number {
    const streamMs = this.#spine?.ingest.streamMs ?? 0
    if (streamMs === 0 || this.#lagBytes === 0) return 0
    return Math.max(0, (Date.now() - streamMs) / 1000)
  }

  #health(): Health {
    const { journal, hindrance } = this.#journalWriter
    const since = this.#loader?.awaySince
    return judgeWriterHealth({
      isLoading: this.#spine !== undefined,
      databaseAwayMs: since === undefined ? 0 : performance.now() - since,
      journalFill: journal.fill,
      hindrance,
      rollups: this.#loader?.rollupStatus,
    })
  }

  #every(intervalMs: number, action: () => void): void {
    this.#timers.push(setInterval(action, intervalMs))
  }

  /** Empties the pipe into the journal, and loads the journal as far as time allows. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#journalWriter.drain()
    this.#journalWriter.stop()
    for (const timer of this.#timers) clearInterval(timer)
    const isLoaded = this.#spine ? await this.#loadRest(this.#spine) : false
    this.#isStopped = true
    if (this.#spine) this.#trimJournal(this.#spine.ingest.committed)
    this.#spine?.ingest.tellMuted()
    await this.#loader?.stop()
    const bytes = this.#lagBytes
    this.#journalWriter.close()
    if (!isLoaded && bytes > 0) {
      this.#options.logger.info({ bytes }, 'the rest stays in the journal for the next start')
    }
    await this.#metricsServer.stop()
  }

  /** Waits until everything is loaded or time is over; returns whether everything is loaded. */
  async #loadRest({ loader, reader, ingest }: Spine): Promise<boolean> {
    const deadline = performance.now() + LOAD_AT_STOP_MS
    for (;;) {
      const now = performance.now()
      const isAway = loader.awaySince !== undefined && now - loader.awaySince > AWAY_AT_STOP_MS
      if (reader.isCaughtUp) ingest.flush()
      if (reader.isCaughtUp && ingest.batchesInFlight === 0) return true
      if (isAway || now > deadline) return false
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
