/** The whole writer: creates the parts, starts them in order, and stops them without a loss. */

import type { Registry } from 'prom-client'
import { loadLibc } from '../shared/libc.ts'
import type { Logger } from '../shared/logger.ts'
import { type Health, MetricsServer } from '../shared/metrics-server.ts'
import { notifyServiceManager } from '../shared/service-notify.ts'
import { loaderSettings, type WriterSettings } from './config.ts'
import { readElementsFile } from './elements-file.ts'
import { judgeWriterHealth } from './health.ts'
import { type CreatedIngest, createIngest } from './ingest/create-ingest.ts'
import { JournalPull } from './ingest/journal-pull.ts'
import { JournalReader } from './journal/journal-reader.ts'
import { JournalWriter } from './journal/journal-writer.ts'
import { FlowLoader, LoaderStoppedError } from './load/flow-loader.ts'
import { ForeignJournalError } from './load/tables/journal-positions.ts'
import type { ResumePoint } from './load/tables/resume-point.ts'
import { createWriterMetrics } from './metrics/metrics.ts'
import { Decoder } from './netflow/decode.ts'
import { type ElementDefinition, ElementRegistry } from './netflow/elements/element-registry.ts'
import { HeldDatagrams } from './streams/held-datagrams.ts'
import { MAX_STREAMS } from './streams/streams.ts'

/** How often time passes in ingest; bytes that the reader still gathers are read then. */
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

/** The parts that exist once the database has said where to begin. */
interface Spine extends CreatedIngest {
  readonly loader: FlowLoader
  readonly reader: JournalReader
  readonly pull: JournalPull
}

export class Writer {
  readonly #options: WriterOptions
  readonly #libc = loadLibc()
  readonly #elements: readonly ElementDefinition[]
  readonly #decoder: Decoder
  readonly #heldDatagrams = new HeldDatagrams()
  readonly #metrics = createWriterMetrics()
  readonly #metricsServer: MetricsServer
  readonly #journalWriter: JournalWriter
  #loader: FlowLoader | undefined
  #spine: Spine | undefined
  readonly #timers: NodeJS.Timeout[] = []
  #isStopping = false

  constructor(options: WriterOptions) {
    this.#options = options
    const { settings, logger } = options
    this.#elements = readElementsFile(settings.ELEMENTS_FILE)
    this.#decoder = new Decoder(new ElementRegistry(this.#elements))
    this.#journalWriter = new JournalWriter({ settings, libc: this.#libc, logger })
    this.#metricsServer = new MetricsServer({
      host: settings.METRICS_HOST,
      port: settings.METRICS_PORT,
      registry: () => this.#createRegistry(),
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
    // From here on, the pipe's content is safe: systemd need not wait for the database.
    notifyServiceManager('READY=1')
    this.#logElements()
    await this.#metricsServer.start()
    await this.#journalWriter.opened
    if (this.#isStopping) return
    const resumed = await this.#resume()
    if (!resumed || this.#isStopping) return
    const { loader, resumePoint } = resumed
    this.#placeJournal(resumePoint)
    const { journal, kept } = this.#journalWriter
    const { position } = resumePoint
    const created = createIngest({
      ...{ ...this.#options, resumePoint, loader, metrics: this.#metrics },
      decoder: this.#decoder,
      heldDatagrams: this.#heldDatagrams,
    })
    const { ingest } = created
    const reader = this.#createReader(position)
    const { logger } = this.#options
    const pull = new JournalPull({ journalWriter: this.#journalWriter, reader, ingest, logger })
    const spine = { ...created, loader, reader, pull }
    this.#spine = spine
    Promise.race([pull.run(), ingest.batcher.failure]).catch((error) => this.#end(error))
    this.#every(TICK_MS, () => pull.tick())
    this.#every(EXPORTER_POLL_MS, () => void this.#pollExporters(spine))
    const facts = { journalId: kept.id, position, behindBytes: journal.end - position }
    logger.info(facts, 'loading the journal, then new datagrams')
  }

  /** Loads prom-client, a tenth of the start, only when a port is set. */
  async #createRegistry(): Promise<Registry> {
    const { createWriterRegistry } = await import('./metrics/registry.ts')
    const { settings } = this.#options
    const { journal } = this.#journalWriter
    return createWriterRegistry(this.#metrics, {
      heldDatagrams: () => this.#heldDatagrams.count,
      heldSets: () => this.#decoder.heldSets.count,
      heldBytes: () => this.#decoder.heldSets.bytes,
      exporters: () => this.#spine?.registry.size ?? 0,
      streams: () => this.#spine?.streams,
      batchesInFlight: () => this.#spine?.ingest.batcher.inFlight ?? 0,
      databaseUp: () => (this.#spine && this.#loader?.awaySince === undefined ? 1 : 0),
      oldestUnloadedSeconds: () => this.#oldestUnloadedSeconds,
      storeKind: () => this.#loader?.storeKind,
      rollups: () => this.#loader?.rollupStatus,
      history: () => this.#loader?.historyStatus,
      journalBytes: () => journal.bytes,
      journalLimitBytes: () => settings.JOURNAL_MAX_BYTES,
      journalFolder: () => settings.JOURNAL_DIR,
      journalLagBytes: () => this.#lagBytes,
      journalLagSeconds: () => this.#lagSeconds,
    })
  }

  #createReader(position: number): JournalReader {
    const { settings, logger } = this.#options
    const gatherMs = settings.FLUSH_INTERVAL_MS / 2
    return new JournalReader({ journal: this.#journalWriter.journal, position, gatherMs, logger })
  }

  /**
   * Waits for the database. A journal that was wholly loaded into another database is set aside.
   *
   * @returns undefined when it was stopped while it waited
   */
  async #resume(): Promise<{ loader: FlowLoader; resumePoint: ResumePoint } | undefined> {
    const { kept } = this.#journalWriter
    for (;;) {
      const loader = this.#createLoader()
      this.#loader = loader
      try {
        const resumePoint = await loader.start()
        return resumePoint && { loader, resumePoint }
      } catch (error) {
        if (!(error instanceof ForeignJournalError) || !kept.wasLoaded) throw error
      }
      await loader.stop()
      kept.setAside()
    }
  }

  #logElements(): void {
    const { settings, logger } = this.#options
    const facts = { file: settings.ELEMENTS_FILE, elements: this.#elements.length }
    if (settings.ELEMENTS_FILE !== '') logger.info(facts, 'the elements of ELEMENTS_FILE are known')
  }

  #createLoader(): FlowLoader {
    const { settings, logger } = this.#options
    const { kept, journal } = this.#journalWriter
    return new FlowLoader({
      ...loaderSettings(settings),
      maxStreams: MAX_STREAMS,
      libc: this.#libc,
      journalId: kept.id,
      journalStart: journal.start,
      journalDatabase: kept.database,
      logger,
    })
  }

  /** Brings the journal to the position that the database holds. */
  #placeJournal({ database, position }: ResumePoint): void {
    const { logger } = this.#options
    const { journal } = this.#journalWriter
    this.#journalWriter.kept.noteDatabase(database)
    const lostBytes = journal.moveAfter(position)
    const text =
      'the end of the journal is missing, as after a power cut; the database holds it already: no flow is lost'
    if (lostBytes > 0 && journal.start !== position) logger.warn({ lostBytes, position }, text)
    journal.trim(position)
  }

  /** Ends the process: a batch can never be loaded. The journal keeps it until the cause is removed. */
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
    return Math.max(
      0,
      this.#journalWriter.journal.end - (this.#spine?.ingest.batcher.committed ?? 0),
    )
  }

  get #lagSeconds(): number {
    const streamMs = this.#spine?.ingest.streamMs ?? 0
    if (streamMs === 0 || this.#lagBytes === 0) return 0
    return Math.max(0, (Date.now() - streamMs) / 1000)
  }

  get #oldestUnloadedSeconds(): number {
    const oldestMs = this.#spine?.ingest.batcher.oldestReceivedMs
    return oldestMs === undefined ? 0 : Math.max(0, (Date.now() - oldestMs) / 1000)
  }

  #health(): Health {
    const { journal, hindrance, pipeProblem } = this.#journalWriter
    const since = this.#loader?.awaySince
    return judgeWriterHealth({
      isLoading: this.#spine !== undefined,
      databaseAwayMs: since === undefined ? 0 : performance.now() - since,
      refusal: this.#loader?.refusal,
      journalFill: journal.fill,
      hindrance,
      storeKind: this.#loader?.storeKind,
      rollups: this.#loader?.rollupStatus,
      waitingForArchive: this.#loader?.waitingForArchive ?? 0,
      pipeProblem,
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
    this.#spine?.pull.stop()
    this.#spine?.pull.trim()
    this.#spine?.ingest.logMuted()
    await this.#loader?.stop()
    const bytes = this.#lagBytes
    if (isLoaded) this.#journalWriter.kept.noteLoaded()
    this.#journalWriter.close()
    if (!isLoaded && bytes > 0) {
      this.#options.logger.info({ bytes }, 'the rest stays in the journal for the next start')
    }
    await this.#metricsServer.stop()
  }

  /** Waits until everything is loaded or time is over; returns whether everything is loaded. */
  async #loadRest({ loader, reader, ingest }: Spine): Promise<boolean> {
    const deadline = performance.now() + LOAD_AT_STOP_MS
    reader.hurryForEver()
    for (;;) {
      const now = performance.now()
      const isAway = loader.awaySince !== undefined && now - loader.awaySince > AWAY_AT_STOP_MS
      if (reader.isCaughtUp) ingest.flush()
      if (reader.isCaughtUp && ingest.batcher.inFlight === 0) return true
      if (isAway || now > deadline) return false
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
