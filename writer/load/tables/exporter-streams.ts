/**
 * The tables `exporter_streams` and `stream_states`. All writers add to the counters of a stream;
 * the state of its sequence belongs to one journal.
 */

import type pg from 'pg'
import type { StreamKey } from '../../netflow/stream-key.ts'
import type { Statement } from '../database/statements.ts'
import { arrayStatements, changedOf, givenOf, unnestOf } from './column-arrays.ts'
import { STREAM_COLUMNS } from './stream-rows.ts'
import {
  type ChangeOf,
  type Columns,
  emptyRow,
  keysOf,
  namesOf,
  type RowOf,
  selectOf,
  updatesOf,
} from './table.ts'

/** Sums end here, whatever an exporter sends: an overflow would stop the batch. */
export const MAX_BIGINT = '9223372036854775807'

/**
 * Adds losses of one unit. When the unit has changed, the sum goes on from what `stream_losses` has of
 * the new unit. Without a unit the loss is unknown.
 */
function addLoss(name: string): string {
  const known = `case when known.sequence_unit = excluded.sequence_unit and known.${name} is not null
      then known.${name}
    else (select ${name} from stream_losses as losses
      where (losses.exporter, losses.export_version, losses.observation_domain, losses.unit)
        = (excluded.exporter, excluded.export_version, excluded.observation_domain,
          excluded.sequence_unit)) end`
  const sum = `coalesce(${known}, 0)::numeric + coalesce(excluded.${name}, 0)`
  return `case when excluded.sequence_unit = 'none' then null
    else least(${sum}, ${MAX_BIGINT})::bigint end`
}

/** The columns of `exporter_streams` that a start reads back. */
const RESTORED_COLUMNS = {
  /** When the exporter booted, Unix milliseconds, if its options say so. */
  systemInitMs: { name: 'system_init_ms', type: 'bigint', nullable: true, combine: 'coalesce' },
  /** The same, computed from its flows if its options do not say so. */
  systemInitEstimateMs: {
    name: 'system_init_estimate_ms',
    type: 'bigint',
    nullable: true,
    combine: 'replace',
  },
  /** The byte order that its sampling rates seem to have; null: network byte order. */
  suggestedByteOrder: {
    name: 'suggested_byte_order',
    type: 'text',
    nullable: true,
    combine: 'replace',
  },
  /** When definitions from one port last contradicted each other; null: never. */
  mixedTemplatesMicros: {
    name: 'mixed_templates_at',
    type: 'micros',
    nullable: true,
    combine: 'greatest',
  },
  /** Running totals last sent up to this time may have been forgotten; null: none was. */
  totalsForgottenMicros: {
    name: 'totals_forgotten_at',
    type: 'micros',
    nullable: true,
    combine: 'greatest',
  },
} as const satisfies Columns

const COLUMNS = {
  ...STREAM_COLUMNS,
  /** Receive times of the first and the last message of the batch; 0 without a message. */
  firstSeenMicros: { name: 'first_seen', type: 'micros', combine: 'keep' },
  lastSeenMicros: { name: 'last_seen', type: 'micros', combine: 'greatest' },
  datagrams: { name: 'datagrams', type: 'bigint', combine: 'add' },
  flowRecords: { name: 'flow_records', type: 'bigint', combine: 'add' },
  optionsRecords: { name: 'options_records', type: 'bigint', combine: 'add' },
  heldSets: { name: 'held_sets', type: 'bigint', combine: 'add' },
  releasedSets: { name: 'released_sets', type: 'bigint', combine: 'add' },
  expiredSets: { name: 'expired_sets', type: 'bigint', combine: 'add' },
  malformedSets: { name: 'malformed_sets', type: 'bigint', combine: 'add' },
  trailingBytes: { name: 'trailing_bytes', type: 'bigint', combine: 'add' },
  /** Not read, because the exporter was over its budget. */
  refusedSets: { name: 'refused_sets', type: 'bigint', combine: 'add' },
  implausibleTimes: { name: 'implausible_times', type: 'bigint', combine: 'add' },
  flowsWithoutRate: { name: 'flows_without_rate', type: 'bigint', combine: 'add' },
  /** The unit of `lost`. */
  sequenceUnit: { name: 'sequence_unit', type: 'text', combine: 'replace' },
  nextSequence: { name: 'next_sequence', type: 'bigint', nullable: true, combine: 'replace' },
  /** In `sequenceUnit`; null: the numbers tell nothing, so the loss is unknown. */
  lost: { name: 'lost', type: 'bigint', nullable: true, combine: addLoss },
  late: { name: 'late', type: 'bigint', combine: 'add' },
  duplicates: { name: 'duplicates', type: 'bigint', combine: 'add' },
  restarts: { name: 'restarts', type: 'bigint', combine: 'add' },
  /** Datagrams that belong to no numbering of the stream. */
  strays: { name: 'strays', type: 'bigint', combine: 'add' },
  clockSkewMs: { name: 'clock_skew_ms', type: 'bigint', nullable: true, combine: 'coalesce' },
  lastTemplateMicros: {
    name: 'last_template_at',
    type: 'micros',
    nullable: true,
    combine: 'coalesce',
  },
  ...RESTORED_COLUMNS,
} as const satisfies Columns

const STATE_COLUMNS = {
  ...STREAM_COLUMNS,
  /** The state of the sequence accounting, for the next start; JSON as text. */
  sequenceState: { name: 'sequence_state', type: 'text', nullable: true, combine: 'replace' },
} as const satisfies Columns

const CHANGE_COLUMNS = { ...COLUMNS, ...STATE_COLUMNS } as const
const ROW_COLUMNS = { ...STATE_COLUMNS, ...RESTORED_COLUMNS } as const

/** The change of a stream in a batch: counters are increments, all else is absolute. */
export type StreamChange = ChangeOf<typeof CHANGE_COLUMNS>

/** A stream as a start reads it back. */
export interface StreamRow extends Omit<RowOf<typeof ROW_COLUMNS>, 'sequenceState'> {
  /** The parsed JSON; null: there is none, or somebody has made it unreadable. */
  readonly sequenceState: unknown
}

const NO_CHANGE = emptyRow(CHANGE_COLUMNS)

/** Creates a change of a stream that adds nothing yet. */
export function emptyStreamChange(key: StreamKey): StreamChange {
  const { exporter, exportVersion, observationDomain } = key
  return { ...NO_CHANGE, exporter, exportVersion, observationDomain }
}

// An exporter that an operator has deleted gets no stream until it is heard again.
const UPSERT = `
  with changed as materialized (
    select ${givenOf(CHANGE_COLUMNS)}
    from ${unnestOf(CHANGE_COLUMNS, 2)}
    join exporters on exporters.address = given.exporter
    order by ${givenOf(STREAM_COLUMNS)}
  ),
  streams as (
    insert into exporter_streams as known (${namesOf(COLUMNS)})
    select ${changedOf(COLUMNS)} from changed
    on conflict (${namesOf(keysOf(COLUMNS))}) do update set ${updatesOf(COLUMNS)}
  )
  insert into stream_states as known (${namesOf(STATE_COLUMNS)}, journal)
  select ${changedOf(STATE_COLUMNS)}, $1 from changed where changed."sequenceState" is not null
  on conflict (${namesOf(STREAM_COLUMNS)}, journal) do update set ${updatesOf(STATE_COLUMNS)}`

export function streamStatements(
  changes: readonly StreamChange[],
  journalId: string,
): Iterable<Statement> {
  const columns = CHANGE_COLUMNS
  return arrayStatements(
    { name: 'upsert streams', text: UPSERT, columns, before: [journalId] },
    changes,
  )
}

const SELECT = `
  select ${selectOf(ROW_COLUMNS)}
  from exporter_streams
  left join (select * from stream_states where journal = $1) as own
    using (${namesOf(STREAM_COLUMNS)})
  order by last_seen desc limit $2`

/** Reads the streams heard last, with the state of their sequence in this journal. */
export async function readStreamRows(
  client: pg.Client,
  { journalId, maxStreams }: { readonly journalId: string; readonly maxStreams: number },
): Promise<readonly StreamRow[]> {
  const { rows } = await client.query<RowOf<typeof ROW_COLUMNS>>(SELECT, [journalId, maxStreams])
  return rows.map((row) => ({ ...row, sequenceState: parseState(row.sequenceState) }))
}

function parseState(json: string | null): unknown {
  if (json === null) return null
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
