/** The table `templates`: how exporters describe their records. */

import type pg from 'pg'
import { rowsStatements, type Statement } from '../database/statements.ts'
import { deleteRows, STREAM_COLUMNS, selectRows, upsertRows } from './stream-rows.ts'
import type { Columns, KeyOf, RowChanges, RowOf } from './table.ts'

const COLUMNS = {
  ...STREAM_COLUMNS,
  templateId: { name: 'template_id', type: 'integer', combine: 'key' },
  /** 0: for every source port. */
  sourcePort: { name: 'source_port', type: 'integer', combine: 'key' },
  kind: { name: 'kind', type: 'text', combine: 'replace' },
  fields: { name: 'fields', type: 'jsonb', combine: 'replace' },
  /** The source ports that have sent the definition. */
  ports: { name: 'ports', type: 'jsonb', combine: 'replace' },
  /** Whether a port that is heard defines the id differently. */
  contradicted: { name: 'contradicted', type: 'boolean', combine: 'replace' },
  scopeFields: { name: 'scope_fields', type: 'integer', combine: 'replace' },
  status: { name: 'status', type: 'text', combine: 'replace' },
  firstSeenMicros: { name: 'first_seen', type: 'micros', combine: 'replace' },
  definedMicros: { name: 'defined_at', type: 'micros', combine: 'replace' },
  lastSeenMicros: { name: 'last_seen', type: 'micros', combine: 'replace' },
  redefinitions: { name: 'redefinitions', type: 'integer', combine: 'replace' },
  definitionHash: { name: 'definition_hash', type: 'text', combine: 'replace' },
  previousHash: { name: 'previous_hash', type: 'text', nullable: true, combine: 'replace' },
  refreshMs: { name: 'refresh_ms', type: 'bigint', nullable: true, combine: 'coalesce' },
} as const satisfies Columns

export type TemplateKey = KeyOf<typeof COLUMNS>

export interface TemplateRow extends RowOf<typeof COLUMNS> {
  readonly kind: 'flows' | 'options'
  readonly ports: readonly number[]
  readonly fields: readonly (readonly [enterprise: number, id: number, length: number])[]
}

const UPSERT = upsertRows('templates', COLUMNS)
const DELETE = deleteRows('templates', COLUMNS)
const SELECT = selectRows('templates', COLUMNS, 'last_seen, template_id')

export function* templateStatements({
  written,
  removed,
}: RowChanges<TemplateKey, TemplateRow>): Iterable<Statement> {
  yield* rowsStatements('delete templates', DELETE, removed)
  yield* rowsStatements('upsert templates', UPSERT, written)
}

/** Reads the templates of the streams heard last, the least recently seen template first. */
export async function readTemplateRows(
  client: pg.Client,
  maxStreams: number,
): Promise<readonly TemplateRow[]> {
  const { rows } = await client.query<TemplateRow>(SELECT, [maxStreams])
  return rows
}
