/** The writer as a whole: makes the parts, starts them in order, and stops them without a loss. */

import type { Logger } from '../shared/logger.ts'
import { type Health, MetricsServer } from '../shared/metrics.ts'
import { Batcher } from './batcher.ts'
import type { WriterSettings } from './config.ts'
import { AllowList } from './exporters/allow-list.ts'
import { ExporterRegistry } from './exporters/exporter-registry.ts'
import { restoreHeldSets } from './held-memory.ts'
import { HeldMessages } from './held-messages.ts'
import { Ingest } from './ingest.ts'
import { openJournalId } from './journal/journal-id.ts'
import type { CopyBatch } from './load/copy-batch.ts'
import { FlowLoader } from './load/flow-loader.ts'
import type { LoaderState } from './load/loader-state.ts'
import { Decoder } from './netflow/decode.ts'
import { ensurePipe, PipeReader } from './pipe-reader.ts'
import { StoredMemory } from './stored-memory.ts'
import { MAX_STREAMS, Streams } from './streams.ts'
import { createWriterMetrics, type WriterMetrics } from './writer-metrics.ts'

/** How often time is looked at: gaps leave their window, held sets grow old. */
const TICK_MS = 250
/** How often the database is asked what an operator has set for exporters. */
const EXPORTER_POLL_MS = 2_000
/** A database away for longer than this is unhealthy. */
const MAX_AWAY_MS = 60_000

export interface WriterOptions {
  readonly settings: WriterSettings
  readonly logger: Logger
}

export class Writer {
  readonly #options: WriterOptions
  readonly #decoder = new Decoder()
  readonly #heldMessages = new HeldMessages()
  readonly #metrics: WriterMetrics
  readonly #metricsServer: MetricsServer
  #registry: ExporterRegistry | undefined
  #loader: FlowLoader | undefined
  #batcher: Batcher | undefined
  #ingest: Ingest | undefined
  #pipe: PipeReader | undefined
  readonly #timers: NodeJS.Timeout[] = []
  #isStopping = false

  constructor(options: WriterOptions) {
    this.#options = options
    const { METRICS_HOST, METRICS_PORT } = options.settings
    this.#metrics = createWriterMetrics({
      heldDatagrams: () => this.#heldMessages.count,
      heldSets: () => this.#decoder.heldSets.count,
      heldBytes: () => this.#decoder.heldSets.bytes,
      exporters: () => this.#registry?.size ?? 0,
      batchesInFlight: () => this.#batcher?.inFlight ?? 0,
    })
    this.#metricsServer = new MetricsServer({
      host: METRICS_HOST,
      port: METRICS_PORT,
      registry: this.#metrics.registry,
      health: () => this.#health(),
      logger: options.logger,
    })
  }

  /**
   * Makes the pipe, waits for the database, and begins to read.
   *
   * @throws PipeError, JournalError, DatabaseError: the message says what to do
   */
  async start(): Promise<void> {
    const { settings, logger } = this.#options
    const { NAMED_PIPE_FILENAME, JOURNAL_DIR } = settings
    ensurePipe(NAMED_PIPE_FILENAME, logger)
    const journalId = openJournalId(JOURNAL_DIR)
    await this.#metricsServer.start()
    const loader = new FlowLoader({
      databaseUrl: settings.DATABASE_URL,
      lanes: settings.COPY_LANES,
      partitionInterval: settings.PARTITION_INTERVAL,
      retentionDays: settings.RETENTION_DAYS,
      maxStreams: MAX_STREAMS,
      journalId,
      logger,
      onReleased: (batch) => this.#release(batch),
      onFatal: (error) => {
        logger.fatal({ err: error }, error instanceof Error ? error.message : String(error))
        process.exit(1)
      },
    })
    this.#loader = loader
    const state = await loader.start()
    if (!state || this.#isStopping) return
    this.#wire(state, loader)
    this.#pipe?.start()
    this.#every(TICK_MS, () => this.#ingest?.tick())
    this.#every(EXPORTER_POLL_MS, () => void this.#pollExporters())
    logger.info({ path: NAMED_PIPE_FILENAME, journalId }, 'reading the pipe')
  }

  #wire(state: LoaderState, loader: FlowLoader): void {
    const { settings, logger } = this.#options
    const registry = new ExporterRegistry({
      policy: settings.EXPORTER_POLICY,
      allowList: new AllowList(settings.EXPORTER_ALLOW),
      maxExporters: settings.MAX_EXPORTERS,
    })
    registry.update(state.exporters)
    const batcher = new Batcher({
      maxRows: settings.BATCH_ROWS,
      flushIntervalMs: settings.FLUSH_INTERVAL_MS,
      maxInFlight: settings.COPY_LANES + 1,
      heldBytes: () => this.#decoder.heldSets.unwrittenBytes,
      onClose: (batch) => this.#ingest?.closeBatch(batch),
      submit: (batch) => loader.submit(batch),
      onRoom: () => this.#pipe?.resume(),
    })
    const streams = this.#restoreStreams(state)
    const ingest = new Ingest({
      logger,
      metrics: this.#metrics,
      registry,
      streams,
      batcher,
      decoder: this.#decoder,
      position: state.position,
      lines: state.lines,
      heldMessages: this.#heldMessages,
    })
    ingest.settleLostHeld(state.held)
    this.#registry = registry
    this.#batcher = batcher
    this.#ingest = ingest
    this.#pipe = new PipeReader({
      path: settings.NAMED_PIPE_FILENAME,
      logger,
      onChunk: (chunk) => ingest.takeChunk(chunk),
    })
  }

  #restoreStreams({ streams: rows, memory }: LoaderState): Streams {
    const streams = new Streams(rows, new StoredMemory(memory))
    restoreHeldSets(memory.heldSets, {
      decoder: this.#decoder,
      streams,
      messages: this.#heldMessages,
    })
    const counts = {
      templates: memory.templates.length,
      samplers: memory.samplers.length,
      names: memory.names.length,
      heldSets: memory.heldSets.length,
    }
    const text = 'restored what exporters have said; it is used until they say otherwise'
    if (Object.values(counts).some((count) => count > 0)) this.#options.logger.info(counts, text)
    return streams
  }

  #release(batch: CopyBatch): void {
    this.#metrics.rowsCommitted.inc(batch.rows - batch.parked)
    this.#metrics.rowsParked.inc(batch.parked)
    this.#metrics.batchesCommitted.inc()
    this.#batcher?.release(batch)
  }

  async #pollExporters(): Promise<void> {
    const { logger } = this.#options
    try {
      const rows = await this.#loader?.readExporters()
      for (const { address, enabled, sampling } of this.#registry?.update(rows ?? []) ?? []) {
        const facts = { exporter: address, enabled, sampling }
        logger.info(facts, 'the settings of an exporter were changed by the operator')
      }
    } catch (error) {
      logger.debug({ err: error }, 'the exporters could not be read; trying again')
    }
  }

  #health(): Health {
    const reading = this.#ingest !== undefined
    const since = this.#loader?.awaySince
    const awayMs = since === undefined ? 0 : performance.now() - since
    const databaseAwaySeconds = Math.round(awayMs / 1000)
    return { healthy: reading && awayMs < MAX_AWAY_MS, detail: { reading, databaseAwaySeconds } }
  }

  #every(intervalMs: number, action: () => void): void {
    this.#timers.push(setInterval(action, intervalMs))
  }

  /** Stops reading and commits everything that was read. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#pipe?.drain()
    for (const timer of this.#timers) clearInterval(timer)
    const pipe = this.#pipe
    const ingest = this.#ingest
    if (pipe && ingest) {
      pipe.pause()
      await pipe.finishLine(() => !ingest.isWithinLine)
      pipe.stop()
      this.#batcher?.flush()
      await this.#loader?.drain()
    }
    await this.#loader?.stop()
    await this.#metricsServer.stop()
  }
}
