/** The table `names`: names that exporters give to interfaces, applications and samplers. */

import type pg from 'pg'
import { rowsStatements, type Statement } from '../database/statements.ts'
import { deleteRows, STREAM_COLUMNS, selectRows, upsertRows } from './stream-rows.ts'
import type { Columns, KeyOf, RowChanges, RowOf } from './table.ts'

const COLUMNS = {
  ...STREAM_COLUMNS,
  kind: { name: 'kind', type: 'text', combine: 'key' },
  key: { name: 'key', type: 'text', combine: 'key' },
  name: { name: 'name', type: 'text', combine: 'replace' },
} as const satisfies Columns

type NameKind = 'interface' | 'application' | 'sampler'

export interface NameKey extends KeyOf<typeof COLUMNS> {
  readonly kind: NameKind
}

export interface NameRow extends RowOf<typeof COLUMNS> {
  readonly kind: NameKind
}

const UPSERT = upsertRows('names', COLUMNS)
const DELETE = deleteRows('names', COLUMNS)
const SELECT = selectRows('names', COLUMNS, 'key')

export function* nameStatements({
  written,
  removed,
}: RowChanges<NameKey, NameRow>): Iterable<Statement> {
  yield* rowsStatements('delete names', DELETE, removed)
  yield* rowsStatements('upsert names', UPSERT, written)
}

/** Reads the names of the streams heard last. */
export async function readNameRows(
  client: pg.Client,
  maxStreams: number,
): Promise<readonly NameRow[]> {
  const { rows } = await client.query<NameRow>(SELECT, [maxStreams])
  return rows
}
