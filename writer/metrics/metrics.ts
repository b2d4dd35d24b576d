/** What the writer counts; `registry.ts` makes Prometheus metrics of it. */

import { PROBLEM_CODES } from '../netflow/decode-result.ts'
import { REJECT_TEXT } from '../problem-text.ts'
import { SEQUENCE_UNITS } from '../sequence/sequence-unit.ts'
import { Ages, LabelCounter, PlainCounter } from './counters.ts'
import { ExporterMetrics } from './exporter-metrics.ts'

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

/** Creates the counters, all of them 0. */
export function createWriterMetrics() {
  const counter = (name: string, help: string) =>
    new PlainCounter({ name: `netflow_writer_${name}`, help })
  const counts = <Label extends string | number = string>(
    name: string,
    help: string,
    labels: { readonly label: string; readonly known: readonly Label[] },
  ) => new LabelCounter<Label>({ name: `netflow_writer_${name}`, help, ...labels })
  const ages = (name: string, help: string) => new Ages({ name: `netflow_writer_${name}`, help })
  const known = <Label extends string | number>(label: string, ...values: readonly Label[]) => ({
    label,
    known: values,
  })
  return {
    exporters: new ExporterMetrics(),
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
    batchAge: ages('batch_seconds', 'From the first line of a batch to its commit.'),
    commitAge: ages('commit_seconds', 'From the end of a batch to its commit.'),
  }
}

export type WriterMetrics = ReturnType<typeof createWriterMetrics>
