/**
 * The tables `exporter_counts` and `rejected_datagrams`: the outcomes of datagrams and records.
 * Both belong to a journal, and the view `balance` adds them up.
 */

import type pg from 'pg'
import { rowsStatements, type Statement } from '../database/statements.ts'
import { arrayStatements, givenOf, unnestOf } from './column-arrays.ts'
import {
  type ChangeOf,
  type Columns,
  emptyRow,
  fieldsOf,
  keysOf,
  namesOf,
  type RowOf,
  updatesOf,
  valuesOf,
} from './table.ts'

const EXPORTER = {
  /** null: addresses that are not registered, and lines that hold no datagram. */
  exporter: { name: 'exporter', type: 'inet', nullable: true, combine: 'key' },
} as const satisfies Columns

/** Counted while the lines of a batch are decoded. */
const DECODED_COLUMNS = {
  received: { name: 'received', type: 'bigint', combine: 'add' },
  decoded: { name: 'decoded', type: 'bigint', combine: 'add' },
  /** Falls when the last set of a datagram is decoded, or its first one is given up. */
  held: { name: 'held', type: 'bigint', combine: 'add' },
  expired: { name: 'expired', type: 'bigint', combine: 'add' },
  duplicates: { name: 'duplicates', type: 'bigint', combine: 'add' },
  /** Flow records that were decoded. */
  records: { name: 'records', type: 'bigint', combine: 'add' },
  /** Flow records of exporters that are disabled. */
  notStored: { name: 'not_stored', type: 'bigint', combine: 'add' },
} as const satisfies Columns

/** Counted while the rows of a batch are copied. */
const LOADED_COLUMNS = {
  stored: { name: 'stored', type: 'bigint', combine: 'add' },
  parked: { name: 'parked', type: 'bigint', combine: 'add' },
} as const satisfies Columns

const COUNTERS = { ...DECODED_COLUMNS, ...LOADED_COLUMNS } as const
const COLUMNS = { ...EXPORTER, ...COUNTERS } as const

const NO_COUNTS = emptyRow(COLUMNS)

/**
 * The outcomes of one exporter's datagrams and records. Every received datagram is counted once
 * more, in one of the other counters or in a rejection.
 */
export type CountChange = ChangeOf<typeof EXPORTER & typeof DECODED_COLUMNS>

/** Rows of one exporter in a batch. */
export interface RowCount extends RowOf<typeof LOADED_COLUMNS> {
  readonly exporter: string
}

// Two notations of one address are two rows here: the server may write it otherwise than we do.
const ADD_COUNTS = `
  insert into exporter_counts as known (journal, ${namesOf(COLUMNS)})
  select $1, exporter, ${Object.keys(COUNTERS).map((counter) => `sum("${counter}")`)}
  from (select ${givenOf(COLUMNS)} from ${unnestOf(COLUMNS, 2)}) as changed
  group by exporter
  on conflict (journal, exporter) do update set ${updatesOf(COLUMNS)}`

/** `rejected`: the datagram is no message. `refused`: a setting or a limit keeps it out. */
export type RefusalOutcome = 'rejected' | 'refused'

const REJECTION_COLUMNS = {
  ...EXPORTER,
  outcome: { name: 'outcome', type: 'text', combine: 'key' },
  reason: { name: 'reason', type: 'text', combine: 'key' },
  datagrams: { name: 'datagrams', type: 'bigint', combine: 'add' },
} as const satisfies Columns

/** Datagrams that were rejected or refused for one reason. */
export interface RejectionChange extends ChangeOf<typeof REJECTION_COLUMNS> {
  readonly outcome: RefusalOutcome
}

const ADD_REJECTIONS = `
  insert into rejected_datagrams as known (journal, ${namesOf(REJECTION_COLUMNS)})
  select $2, ${valuesOf(REJECTION_COLUMNS)}
  from jsonb_to_recordset($1) as changed (${fieldsOf(REJECTION_COLUMNS)})
  on conflict (journal, ${namesOf(keysOf(REJECTION_COLUMNS))})
  do update set ${updatesOf(REJECTION_COLUMNS)}`

/** The changes of a batch in both tables. */
interface OutcomeChanges {
  readonly counts: Iterable<CountChange>
  readonly rejections: Iterable<RejectionChange>
  readonly rows: readonly RowCount[]
}

export function* outcomeStatements(
  { counts, rejections, rows }: OutcomeChanges,
  journalId: string,
): Iterable<Statement> {
  const statement = { name: 'add counts', text: ADD_COUNTS, columns: COLUMNS, before: [journalId] }
  yield* arrayStatements(statement, addRows(counts, rows))
  yield* rowsStatements('add rejections', ADD_REJECTIONS, [...rejections], journalId)
}

/** Adds the rows of each exporter to its other counts: a statement writes an exporter once. */
function addRows(
  counts: Iterable<CountChange>,
  rows: readonly RowCount[],
): readonly ChangeOf<typeof COLUMNS>[] {
  const byExporter = new Map<string | null, ChangeOf<typeof COLUMNS>>()
  for (const count of counts) byExporter.set(count.exporter, { ...NO_COUNTS, ...count })
  for (const { exporter, stored, parked } of rows) {
    const known = byExporter.get(exporter)
    if (known === undefined) byExporter.set(exporter, { ...NO_COUNTS, exporter, stored, parked })
    else Object.assign(known, { stored, parked })
  }
  return [...byExporter.values()]
}

/** Datagrams of one exporter that are counted as held. */
export interface HeldCount {
  readonly exporter: string
  readonly datagrams: number
}

const SELECT_HELD = `
  select host(exporter) as exporter, held::float8 as datagrams
  from exporter_counts where journal = $1 and exporter is not null and held > 0`

export async function readHeldCounts(
  client: pg.Client,
  journalId: string,
): Promise<readonly HeldCount[]> {
  const { rows } = await client.query<HeldCount>(SELECT_HELD, [journalId])
  return rows
}
