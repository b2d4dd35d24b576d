/** The table `sequence_gaps`: a batch inserts the gaps that were declared while it was filled. */

import { rowsStatements, type Statement } from '../database/statements.ts'
import { STREAM_COLUMNS } from './stream-rows.ts'
import { type Columns, fieldsOf, namesOf, type RowOf, valuesOf } from './table.ts'

const COLUMNS = {
  ...STREAM_COLUMNS,
  detectedAtMicros: { name: 'detected_at', type: 'micros' },
  expected: { name: 'expected', type: 'bigint' },
  received: { name: 'received', type: 'bigint' },
  lost: { name: 'lost', type: 'bigint' },
  unit: { name: 'unit', type: 'text' },
} as const satisfies Columns

/** One declared gap. */
export type GapChange = RowOf<typeof COLUMNS>

const INSERT = `
  insert into sequence_gaps (${namesOf(COLUMNS)}, journal)
  select ${valuesOf(COLUMNS)}, $2
  from jsonb_to_recordset($1) as changed (${fieldsOf(COLUMNS)})`

export function gapStatements(
  changes: readonly GapChange[],
  journalId: string,
): Iterable<Statement> {
  return rowsStatements('insert gaps', INSERT, changes, journalId)
}
