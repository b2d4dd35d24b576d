/** Creates the ingest, its exporters and its streams, with the state that the database holds. */

import type { Logger } from '../../shared/logger.ts'
import type { FlowLoader } from '../load/flow-loader.ts'
import type { MemoryRows, ResumePoint } from '../load/tables/resume-point.ts'
import type { WriterMetrics } from '../metrics/metrics.ts'
import type { Decoder } from '../netflow/decode.ts'
import { AllowList } from '../streams/allow-list.ts'
import { type ExporterPolicy, ExporterRegistry } from '../streams/exporter-registry.ts'
import type { HeldDatagrams } from '../streams/held-datagrams.ts'
import { restoreHeldSets } from '../streams/held-set-rows.ts'
import { RestoredMemory } from '../streams/restored-memory.ts'
import { Streams } from '../streams/streams.ts'
import { Ingest } from './ingest.ts'

/** Settings by their names in the environment. */
interface IngestSettings {
  readonly EXPORTER_POLICY: ExporterPolicy
  readonly EXPORTER_ALLOW: readonly string[]
  readonly MAX_EXPORTERS: number
  readonly BATCH_ROWS: number
  readonly FLUSH_INTERVAL_MS: number
  readonly COPY_LANES: number
}

interface IngestParts {
  readonly settings: IngestSettings
  readonly logger: Logger
  readonly resumePoint: ResumePoint
  readonly loader: FlowLoader
  readonly metrics: WriterMetrics
  readonly decoder: Decoder
  readonly heldDatagrams: HeldDatagrams
}

export interface CreatedIngest {
  readonly registry: ExporterRegistry
  readonly streams: Streams
  readonly ingest: Ingest
}

export function createIngest(parts: IngestParts): CreatedIngest {
  const { settings, logger, resumePoint, loader, metrics, decoder, heldDatagrams } = parts
  const { position, lines } = resumePoint
  const registry = new ExporterRegistry({
    policy: settings.EXPORTER_POLICY,
    allowList: new AllowList(settings.EXPORTER_ALLOW),
    maxExporters: settings.MAX_EXPORTERS,
  })
  registry.update(resumePoint.exporters)
  const { memory } = resumePoint
  const streams = new Streams(resumePoint.streams, new RestoredMemory(memory))
  restoreHeldSets(memory.heldSets, { decoder, streams, heldDatagrams })
  logRestored(memory, logger)
  const ingest = new Ingest({
    ...{ logger, metrics, registry, streams, decoder, heldDatagrams, loader },
    position,
    lines,
    maxRows: settings.BATCH_ROWS,
    flushIntervalMs: settings.FLUSH_INTERVAL_MS,
    maxInFlight: settings.COPY_LANES + 1,
  })
  ingest.settleLostHeld(resumePoint.held)
  return { registry, streams, ingest }
}

function logRestored(memory: MemoryRows, logger: Logger): void {
  const counts = {
    templates: memory.templates.length,
    samplers: memory.samplers.length,
    names: memory.names.length,
    flowTotals: memory.flowTotals.length,
    heldSets: memory.heldSets.length,
  }
  const text = 'restored what exporters have said; it is used until they say otherwise'
  if (Object.values(counts).some((count) => count > 0)) logger.info(counts, text)
}
