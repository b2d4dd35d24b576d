/** The writer's Prometheus metrics. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

interface LabelCounterOptions {
  readonly name: string
  readonly help: string
  /** Name of the label. */
  readonly label: string
  readonly registry: Registry
}

/**
 * Counts by one label in plain numbers; prom-client gets them when somebody asks. prom-client finds a
 * label by its text: doing that three times a datagram costs as much as the sequence accounting.
 */
export class LabelCounter<Label extends string | number = string> {
  readonly #counts: Record<string | number, number> = {}

  constructor({ name, help, label, registry }: LabelCounterOptions) {
    const counts = this.#counts
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
  readonly rollups: () => FollowedRollups | undefined
  readonly journalBytes: () => number
  readonly journalLagBytes: () => number
  readonly journalLagSeconds: () => number
}) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = (name: string, help: string) =>
    new Counter({ name: `netflow_writer_${name}`, help, registers })
  const counts = <Label extends string | number = string>(
    name: string,
    help: string,
    label: string,
  ) => new LabelCounter<Label>({ name: `netflow_writer_${name}`, help, label, registry })
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
    'memory_refusals',
    'Templates, samplers and names for which there was no room since the start.',
    () => values.streams()?.memoryRefusals ?? 0,
  )
  gauge('batches_in_flight', 'Batches on their way into the database.', values.batchesInFlight)
  registerRollups(gauge, values.rollups)
  gauge('journal_bytes', 'Bytes of the journal on disk.', values.journalBytes)
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
  return {
    registry,
    journalLostBytes: counts(
      'journal_lost_bytes_total',
      'Bytes that could not be read back.',
      'kind',
    ),
    lines: counts('lines_total', 'Lines read from the pipe.', 'kind'),
    datagrams: counts('datagrams_total', 'Datagrams by their final outcome.', 'outcome'),
    rejected: counts('rejected_datagrams_total', 'Datagrams rejected or refused.', 'reason'),
    problems: counts('problems_total', 'Problems inside messages.', 'code'),
    flows: counts<number>('flow_records_total', 'Flow records decoded.', 'version'),
    flowsNotStored: counts(
      'flow_records_not_stored_total',
      'Flows not stored by choice.',
      'reason',
    ),
    heldSets: counts('held_sets_total', 'Data sets held, released and expired.', 'event'),
    lost: counts('sequence_lost_total', 'Units lost in the network, in declared gaps.', 'unit'),
    retracted: counts(
      'sequence_retracted_total',
      'Units of declared gaps that were taken back, as no unit explains the numbers.',
      'unit',
    ),
    strays: counter('stray_datagrams_total', 'Datagrams that continue no numbering of a stream.'),
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
  gauge('rollup_dirty_minutes', 'Minutes that the rollups do not hold yet.', read('dirtyMinutes'))
  gauge('rollup_lag_seconds', 'Time since the oldest of them ended.', read('lagSeconds'))
  gauge('rollup_seconds', 'Time that the rollups took since the start.', read('seconds'))
  gauge('rollup_failing', 'Minutes, hours and days that cannot be computed.', read('failing'))
}

export type WriterMetrics = ReturnType<typeof createWriterMetrics>
