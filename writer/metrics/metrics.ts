/** The writer's Prometheus metrics. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { addProcessMetrics } from '../../shared/process-metrics.ts'
import { PROBLEM_CODES } from '../netflow/decode-result.ts'
import { REJECT_TEXT } from '../problem-text.ts'
import { SEQUENCE_UNITS } from '../sequence/sequence-unit.ts'
import { addDiskMetrics } from './disk-metrics.ts'
import { ExporterMetrics } from './exporter-metrics.ts'
import { addHistoryMetrics, type FollowedHistory } from './history-metrics.ts'
import { addStoreMetrics } from './store-metrics.ts'

const EXPORT_VERSIONS = [1, 5, 6, 7, 8, 9, 10] as const
const REJECT_REASONS = [
  ...Object.keys(REJECT_TEXT),
  'malformed-line',
  'no-usable-set',
  'exporter-disabled',
]
const COUNTED_UNITS = SEQUENCE_UNITS.filter(
  (unit) => unit !== 'none' && !unit.endsWith('-inclusive'),
)

interface LabelCounterOptions {
  readonly name: string
  readonly help: string
  /** Name of the label. */
  readonly label: string
  /**
   * Labels that count from 0: Prometheus sees no increase in a series that begins with its first
   * incident.
   */
  readonly known?: readonly (string | number)[]
  readonly registry: Registry
}

/**
 * Counts by one label in plain numbers; prom-client gets them when somebody asks. prom-client finds a
 * label by its text: doing that three times a datagram costs as much as the sequence accounting.
 */
export class LabelCounter<Label extends string | number = string> {
  readonly #counts: Record<string | number, number> = {}

  constructor({ name, help, label, known = [], registry }: LabelCounterOptions) {
    const counts = this.#counts
    for (const value of known) counts[value] = 0
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(counts)) this.inc({ [label]: value }, count)
      },
    })
  }

  /** Adds `by` to the count of the label. */
  count(label: Label, by = 1): void {
    this.#counts[label] = (this.#counts[label] ?? 0) + by
  }
}

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

/** How far the rollups are. */
interface FollowedRollups {
  readonly dirtyMinutes: number
  readonly lagSeconds: number
  readonly seconds: number
  readonly failing: number
}

/** Registers the writer's metrics; the gauges read `values` when somebody asks. */
export function createWriterMetrics(values: {
  /** Datagrams that are neither decoded nor given up yet. */
  readonly heldDatagrams: () => number
  readonly heldSets: () => number
  readonly heldBytes: () => number
  readonly exporters: () => number
  /** Undefined until the database has told where to begin. */
  readonly streams: () => FollowedStreams | undefined
  readonly batchesInFlight: () => number
  /** 1 while the database answers, else 0. */
  readonly databaseUp: () => number
  readonly oldestUnloadedSeconds: () => number
  /** What `flows` is; undefined until the database has told. */
  readonly storeKind: () => string | undefined
  readonly rollups: () => FollowedRollups | undefined
  readonly history: () => FollowedHistory | undefined
  readonly journalBytes: () => number
  readonly journalLimitBytes: () => number
  readonly journalFolder: () => string
  readonly journalLagBytes: () => number
  readonly journalLagSeconds: () => number
}) {
  const registry = new Registry()
  addProcessMetrics(registry)
  const registers = [registry]
  const counter = (name: string, help: string) =>
    new Counter({ name: `netflow_writer_${name}`, help, registers })
  const counts = <Label extends string | number = string>(
    name: string,
    help: string,
    labels: { readonly label: string; readonly known: readonly Label[] },
  ) => new LabelCounter<Label>({ name: `netflow_writer_${name}`, help, ...labels, registry })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `netflow_writer_${name}`,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  const histogram = (name: string, help: string) =>
    new Histogram({
      name: `netflow_writer_${name}`,
      help,
      buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 5, 10, 60, 600],
      registers,
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
  const known = <Label extends string | number>(label: string, ...values: readonly Label[]) => ({
    label,
    known: values,
  })
  return {
    registry,
    exporters: new ExporterMetrics(registry),
    journalLostBytes: counts(
      'journal_lost_bytes_total',
      'Bytes that could not be read back.',
      known('kind', 'corrupt', 'missing'),
    ),
    lines: counts(
      'lines_total',
      'Lines read from the pipe.',
      known('kind', 'datagram', 'report', 'empty', 'malformed'),
    ),
    datagrams: counts(
      'datagrams_total',
      'Datagrams by their final outcome.',
      known('outcome', 'decoded', 'expired', 'duplicate', 'rejected', 'refused'),
    ),
    rejected: counts(
      'rejected_datagrams_total',
      'Datagrams rejected or refused.',
      known<string>('reason', ...REJECT_REASONS),
    ),
    problems: counts(
      'problems_total',
      'Problems inside messages.',
      known('code', ...PROBLEM_CODES),
    ),
    flows: counts<number>(
      'flow_records_total',
      'Flow records decoded.',
      known('version', ...EXPORT_VERSIONS),
    ),
    flowsNotStored: counts(
      'flow_records_not_stored_total',
      'Flows not stored by choice.',
      known('reason', 'exporter-disabled'),
    ),
    trailingBytes: counter(
      'trailing_bytes_total',
      'Bytes after the end of a message in its datagram, not decoded; zeros do not count.',
    ),
    heldSets: counts(
      'held_sets_total',
      'Data sets held, released and expired.',
      known('event', 'held', 'released', 'expired'),
    ),
    lost: counts<string>(
      'sequence_lost_total',
      'Units lost in the network, in declared gaps.',
      known<string>('unit', ...COUNTED_UNITS),
    ),
    retracted: counts<string>(
      'sequence_retracted_total',
      'Units of declared gaps that were taken back, as no unit explains the numbers.',
      known<string>('unit', ...COUNTED_UNITS),
    ),
    strays: counter('stray_datagrams_total', 'Datagrams that continue no numbering of a stream.'),
    trimmedSequences: counter(
      'trimmed_sequences_total',
      'Streams whose sequence accounting began anew, as that of all streams took too much memory.',
    ),
    forgottenStreams: counter(
      'forgotten_streams_total',
      'Streams that were silent for longest and have made room for others.',
    ),
    rowsCommitted: counter('rows_committed_total', 'Rows of flows committed.'),
    rowsParked: counter('rows_parked_total', 'Rows the database refused, in rejected_records.'),
    batchesCommitted: counter('batches_committed_total', 'Batches committed.'),
    batchAge: histogram('batch_seconds', 'From the first line of a batch to its commit.'),
    commitAge: histogram('commit_seconds', 'From the end of a batch to its commit.'),
  }
}

function registerRollups(
  gauge: (name: string, help: string, read: () => number) => unknown,
  status: () => FollowedRollups | undefined,
): void {
  const read = (name: keyof FollowedRollups) => () => status()?.[name] ?? 0
  gauge('rollup_dirty_buckets', 'Minutes that the rollups do not hold yet.', read('dirtyMinutes'))
  gauge('rollup_lag_seconds', 'Time since the oldest of them ended.', read('lagSeconds'))
  gauge('rollup_seconds', 'Time that the rollups took since the start.', read('seconds'))
  gauge('rollup_failing', 'Minutes, hours and days that cannot be computed.', read('failing'))
}

export type WriterMetrics = ReturnType<typeof createWriterMetrics>
