/** The table `stream_losses`: the losses of each stream, by the unit that they were counted in. */

import { rowsStatements, type Statement } from '../database/statements.ts'
import { MAX_BIGINT } from './exporter-streams.ts'
import { STREAM_COLUMNS, upsertRows } from './stream-rows.ts'
import type { Columns, RowOf } from './table.ts'

const COLUMNS = {
  ...STREAM_COLUMNS,
  unit: { name: 'unit', type: 'text', combine: 'key' },
  /** Since the last batch; below 0 when a claim was taken back. */
  lost: {
    name: 'lost',
    type: 'bigint',
    combine: (name) => `least(known.${name}::numeric + excluded.${name}, ${MAX_BIGINT})::bigint`,
  },
} as const satisfies Columns

/** The loss of a stream in one unit that a batch adds. */
export type LossChange = RowOf<typeof COLUMNS>

const UPSERT = upsertRows('stream_losses', COLUMNS)

/** The statements must come after those of `exporter_streams`, which read the table. */
export function lossStatements(changes: readonly LossChange[]): Iterable<Statement> {
  return rowsStatements('add losses', UPSERT, changes)
}
