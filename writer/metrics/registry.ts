/** The writer's Prometheus metrics. Loaded only where somebody can ask for them. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { addProcessMetrics } from '../../shared/process-metrics.ts'
import type { RollupStatus } from '../load/rollups/rollup-job.ts'
import type { HistoryStatus } from '../load/upkeep/history.ts'
import { Ages, LabelCounter, PlainCounter } from './counters.ts'
import { addDiskMetrics } from './disk-metrics.ts'
import { addExporterMetrics } from './exporter-registry.ts'
import { addHistoryMetrics } from './history-metrics.ts'
import type { WriterMetrics } from './metrics.ts'
import { addStoreMetrics } from './store-metrics.ts'

const AGE_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 5, 10, 60, 600]

/** The figures of all streams. */
interface FollowedStreams {
  readonly size: number
  /** Templates, samplers and names. */
  readonly rememberedBytes: number
  /** How often one of these found no room. */
  readonly memoryRefusals: number
  /** Sequence accounting beyond a simple tracker for each stream. */
  readonly sequenceBytes: number
}

/** What the gauges read when somebody asks. */
export interface WriterFigures {
  /** Datagrams that are neither decoded nor given up yet. */
  readonly heldDatagrams: () => number
  readonly heldSets: () => number
  readonly heldBytes: () => number
  readonly exporters: () => number
  /** Undefined until the position to begin at is known. */
  readonly streams: () => FollowedStreams | undefined
  readonly batchesInFlight: () => number
  /** 1 while the database answers, else 0. */
  readonly databaseUp: () => number
  readonly oldestUnloadedSeconds: () => number
  /** What `flows` is; undefined while that is not known. */
  readonly storeKind: () => string | undefined
  readonly rollups: () => RollupStatus | undefined
  readonly history: () => HistoryStatus | undefined
  readonly journalBytes: () => number
  readonly journalLimitBytes: () => number
  readonly journalFolder: () => string
  readonly journalLagBytes: () => number
  readonly journalLagSeconds: () => number
}

/** Registers what the writer counts, and gauges of its figures. */
export function createWriterRegistry(metrics: WriterMetrics, values: WriterFigures): Registry {
  const registry = new Registry()
  addProcessMetrics(registry)
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `netflow_writer_${name}`,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('held_datagrams', 'Datagrams with sets that wait for a template.', values.heldDatagrams)
  gauge('held_sets', 'Data sets that wait for their template.', values.heldSets)
  gauge('held_bytes', 'Bytes of the data sets that wait for their template.', values.heldBytes)
  gauge('exporters', 'Exporters known.', values.exporters)
  gauge('streams', 'Streams of all exporters that are followed.', () => values.streams()?.size ?? 0)
  gauge(
    'remembered_bytes',
    'Templates, samplers and names, estimated.',
    () => values.streams()?.rememberedBytes ?? 0,
  )
  gauge(
    'sequence_bytes',
    'Sequence accounting beyond a simple tracker for each stream, estimated.',
    () => values.streams()?.sequenceBytes ?? 0,
  )
  gauge(
    'memory_refusals',
    'Templates, samplers and names for which there was no room since the start.',
    () => values.streams()?.memoryRefusals ?? 0,
  )
  gauge('batches_in_flight', 'Batches on their way into the database.', values.batchesInFlight)
  gauge('database_up', '1 while the database answers, else 0.', values.databaseUp)
  gauge(
    'oldest_unloaded_seconds',
    'Age of the oldest datagram that is read and not in the database; 0 if all are.',
    values.oldestUnloadedSeconds,
  )
  addStoreMetrics(registry, values.storeKind)
  registerRollups(gauge, values.rollups)
  addHistoryMetrics(registry, values.history)
  gauge('journal_bytes', 'Bytes of the journal on disk.', values.journalBytes)
  gauge('journal_limit_bytes', 'Bytes that the journal may have.', values.journalLimitBytes)
  addDiskMetrics(registry, values.journalFolder)
  gauge(
    'journal_lag_bytes',
    'Bytes of the journal that the database does not hold yet.',
    values.journalLagBytes,
  )
  gauge(
    'journal_lag_seconds',
    'Age of the newest datagram read from the journal, while there is more to load; else 0.',
    values.journalLagSeconds,
  )
  addExporterMetrics(metrics.exporters, registry)
  for (const metric of Object.values(metrics)) {
    if (metric instanceof LabelCounter) addLabelCounter(metric, registry)
    else if (metric instanceof PlainCounter) addCounter(metric, registry)
    else if (metric instanceof Ages) addHistogram(metric, registry)
  }
  return registry
}

function registerRollups(
  gauge: (name: string, help: string, read: () => number) => unknown,
  status: () => RollupStatus | undefined,
): void {
  const read = (name: keyof Omit<RollupStatus, 'enabled'>) => () => status()?.[name] ?? 0
  gauge('rollup_dirty_buckets', 'Minutes that the rollups do not hold yet.', read('dirtyMinutes'))
  gauge('rollup_lag_seconds', 'Time since the oldest of them ended.', read('lagSeconds'))
  gauge('rollup_seconds', 'Time that the rollups took since the start.', read('seconds'))
  gauge('rollup_failing', 'Minutes, hours and days that cannot be computed.', read('failing'))
}

/** @param metric its label has the values that were counted */
export function addLabelCounter(
  metric: LabelCounter<string> | LabelCounter<number>,
  registry: Registry,
): void {
  const { name, help, label } = metric
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, count] of Object.entries(metric.counts))
        this.inc({ [label]: value }, count)
    },
  })
}

function addCounter(metric: PlainCounter, registry: Registry): void {
  const { name, help } = metric
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(metric.value)
    },
  })
}

function addHistogram(ages: Ages, registry: Registry): void {
  const { name, help } = ages
  const histogram = new Histogram({ name, help, buckets: AGE_BUCKETS, registers: [registry] })
  ages.sendTo((seconds) => histogram.observe(seconds))
}
