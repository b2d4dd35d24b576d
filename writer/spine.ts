/** The parts of the writer that exist once the database has told where to begin. */

import type { Logger } from '../shared/logger.ts'
import type { WriterSettings } from './config.ts'
import { Ingest } from './ingest/ingest.ts'
import type { Journal } from './journal/journal.ts'
import { JournalReader } from './journal/journal-reader.ts'
import type { FlowLoader } from './load/flow-loader.ts'
import type { ResumePoint } from './load/tables/resume-point.ts'
import type { WriterMetrics } from './metrics.ts'
import type { Decoder } from './netflow/decode.ts'
import { AllowList } from './streams/allow-list.ts'
import { ExporterRegistry } from './streams/exporter-registry.ts'
import type { HeldDatagrams } from './streams/held-datagrams.ts'
import { restoreStreams } from './streams/restore.ts'
import type { Streams } from './streams/streams.ts'

export interface Spine {
  readonly loader: FlowLoader
  readonly registry: ExporterRegistry
  readonly streams: Streams
  readonly reader: JournalReader
  readonly ingest: Ingest
}

interface SpineParts {
  readonly settings: WriterSettings
  readonly logger: Logger
  readonly resumePoint: ResumePoint
  readonly loader: FlowLoader
  readonly metrics: WriterMetrics
  readonly decoder: Decoder
  readonly heldDatagrams: HeldDatagrams
  readonly journal: Journal
}

/** Creates the parts, with the state that the database holds. */
export function createSpine(parts: SpineParts): Spine {
  const { settings, logger, resumePoint, loader, metrics, decoder, heldDatagrams, journal } = parts
  const { position, lines } = resumePoint
  const registry = new ExporterRegistry({
    policy: settings.EXPORTER_POLICY,
    allowList: new AllowList(settings.EXPORTER_ALLOW),
    maxExporters: settings.MAX_EXPORTERS,
  })
  registry.update(resumePoint.exporters)
  const streams = restoreStreams(resumePoint, { decoder, heldDatagrams, logger })
  const ingest = new Ingest({
    ...{ logger, metrics, registry, streams, decoder, heldDatagrams, loader },
    position,
    lines,
    maxRows: settings.BATCH_ROWS,
    flushIntervalMs: settings.FLUSH_INTERVAL_MS,
    maxInFlight: settings.COPY_LANES + 1,
  })
  ingest.settleLostHeld(resumePoint.held)
  const reader = new JournalReader({ journal, position, logger })
  return { loader, registry, streams, reader, ingest }
}
