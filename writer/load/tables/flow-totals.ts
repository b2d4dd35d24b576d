/**
 * The table `flow_totals`: running totals of flows. A batch may have as many of them as rows, so
 * they are handed over in arrays, a statement for each stream: half the time of a list of objects.
 */

import type pg from 'pg'
import { type StreamKey, streamKeyText } from '../../netflow/stream-key.ts'
import type { Statement } from '../database/statements.ts'
import { STREAM_COLUMNS } from './stream-rows.ts'
import {
  type Columns,
  keysOf,
  namesOf,
  type RowChanges,
  type RowOf,
  selectOf,
  updatesOf,
  valuesOf,
} from './table.ts'

const COLUMNS = {
  flowKey: { name: 'flow_key', type: 'text', combine: 'key' },
  bytes: { name: 'bytes', type: 'digits', nullable: true, combine: 'replace' },
  packets: { name: 'packets', type: 'digits', nullable: true, combine: 'replace' },
  startMicros: { name: 'flow_start', type: 'micros', nullable: true, combine: 'replace' },
  exportMicros: { name: 'exported_at', type: 'micros', combine: 'replace' },
} as const satisfies Columns

const PROPERTIES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]

export interface FlowTotalKey extends StreamKey {
  readonly flowKey: string
}

export interface FlowTotalRow extends FlowTotalKey, RowOf<typeof COLUMNS> {}

const OF_STREAM = 'exporter = $2 and export_version = $3 and observation_domain = $4'

const ARRAYS = PROPERTIES.map(
  (property, index) => `$${5 + index}::${COLUMNS[property].type === 'text' ? 'text' : 'bigint'}[]`,
)

const UPSERT = `
  insert into flow_totals as known (journal, ${namesOf({ ...STREAM_COLUMNS, ...COLUMNS })})
  select $1, ${namesOf(STREAM_COLUMNS)}, ${valuesOf(COLUMNS)}
  from unnest(${ARRAYS}) as changed (${PROPERTIES.map((property) => `"${property}"`)})
  join exporter_streams on ${OF_STREAM}
  on conflict (journal, ${namesOf(keysOf({ ...STREAM_COLUMNS, ...COLUMNS }))})
  do update set ${updatesOf(COLUMNS)}`

const DELETE = `
  delete from flow_totals where journal = $1 and ${OF_STREAM} and flow_key = any ($5)`

export function* flowTotalStatements(
  { written, removed }: RowChanges<FlowTotalKey, FlowTotalRow>,
  journalId: string,
): Iterable<Statement> {
  for (const keys of groupByStream(removed)) {
    const values = [journalId, ...streamValues(keys), arrayText(keys, 'flowKey')]
    yield { name: 'delete flow totals', text: DELETE, values }
  }
  for (const rows of groupByStream(written)) {
    const arrays = PROPERTIES.map((property) => arrayText(rows, property))
    const values = [journalId, ...streamValues(rows), ...arrays]
    yield { name: 'upsert flow totals', text: UPSERT, values }
  }
}

/** Writes an array as PostgreSQL reads it. Keys of flows hold nothing that needs an escape. */
function arrayText<Property extends string>(
  rows: readonly Readonly<Record<Property, string | number | null>>[],
  property: Property,
): string {
  const values = rows.map(({ [property]: value }) => (value === null ? 'null' : `"${value}"`))
  return `{${values.join(',')}}`
}

function groupByStream<Key extends StreamKey>(keys: readonly Key[]): Iterable<Key[]> {
  const groups = new Map<string, Key[]>()
  for (const key of keys) {
    const name = streamKeyText(key)
    const group = groups.get(name)
    if (group) group.push(key)
    else groups.set(name, [key])
  }
  return groups.values()
}

function streamValues([key]: readonly StreamKey[]): readonly (string | number | null)[] {
  return [key?.exporter ?? null, key?.exportVersion ?? null, key?.observationDomain ?? null]
}

const SELECT = `
  select ${selectOf({ ...STREAM_COLUMNS, ...COLUMNS })}
  from flow_totals where journal = $1 order by exported_at, flow_key`

/** Reads the totals of a journal, the flow that has been silent longest first. */
export async function readFlowTotalRows(
  client: pg.Client,
  journalId: string,
): Promise<readonly FlowTotalRow[]> {
  const { rows } = await client.query<FlowTotalRow>(SELECT, [journalId])
  return rows
}
