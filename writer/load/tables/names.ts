/** The table `names`: names that exporters give to interfaces, applications and samplers. */

import { STREAM_COLUMNS, streamTable } from './stream-rows.ts'
import type { Columns, KeyOf, RowOf } from './table.ts'

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

export const NAMES = streamTable<NameKey, NameRow>('names', COLUMNS, 'key')
