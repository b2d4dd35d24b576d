/** The table `exporters`: a batch adds the exporters that it has heard; operators set the rest. */

import type pg from 'pg'
import type { Statement } from '../database/statements.ts'
import { arrayStatements, changedOf, givenOf, unnestOf } from './column-arrays.ts'
import {
  type ChangeOf,
  type Columns,
  keysOf,
  namesOf,
  type RowOf,
  selectOf,
  updatesOf,
} from './table.ts'

const COLUMNS = {
  address: { name: 'address', type: 'inet', combine: 'key' },
  /** Of an exporter that is new to the table; afterwards an operator switches it. */
  enabled: { name: 'enabled', type: 'boolean', combine: 'keep' },
  firstSeenMicros: {
    name: 'first_seen',
    type: 'micros',
    // NULL: an operator has registered it, and it has not been heard yet.
    nullable: true,
    combine: (name: string) => `coalesce(known.${name}, excluded.${name}, excluded.last_seen)`,
  },
  lastSeenMicros: { name: 'last_seen', type: 'micros', nullable: true, combine: 'greatest' },
} as const satisfies Columns

/** An exporter that is new or was heard. */
export type ExporterChange = ChangeOf<typeof COLUMNS>

export interface ExporterRow extends RowOf<typeof COLUMNS> {
  /** How an operator has configured its sampling. */
  readonly sampling: {
    readonly override: number | null
    readonly default: number | null
    readonly byteOrder: 'network' | 'little'
  }
  /** How its sequence numbers are judged: `auto`, `off`, or by the unit that they count. */
  readonly sequenceCheck: string
}

const UPSERT = `
  insert into exporters as known (${namesOf(COLUMNS)})
  select ${changedOf(COLUMNS)}
  from (select ${givenOf(COLUMNS)} from ${unnestOf(COLUMNS, 1)}) as changed
  order by ${changedOf(keysOf(COLUMNS))}
  on conflict (${namesOf(keysOf(COLUMNS))}) do update set ${updatesOf(COLUMNS)}`

export function exporterStatements(changes: readonly ExporterChange[]): Iterable<Statement> {
  return arrayStatements({ name: 'upsert exporters', text: UPSERT, columns: COLUMNS }, changes)
}

const SELECT = `
  select ${selectOf(COLUMNS)},
    json_build_object('override', sampling_override, 'default', sampling_default,
      'byteOrder', sampling_byte_order) as sampling,
    sequence_check as "sequenceCheck"
  from exporters`

export async function readExporterRows(client: pg.Client): Promise<readonly ExporterRow[]> {
  const { rows } = await client.query<ExporterRow>(SELECT)
  return rows
}
