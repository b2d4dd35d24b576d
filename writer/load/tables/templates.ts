/** The table `templates`: how exporters describe their records. */

import { STREAM_COLUMNS, streamTable } from './stream-rows.ts'
import type { Columns, KeyOf, RowOf } from './table.ts'

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

/** Reads the least recently seen template first. */
export const TEMPLATES = streamTable<TemplateKey, TemplateRow>(
  'templates',
  COLUMNS,
  'last_seen, template_id',
)
