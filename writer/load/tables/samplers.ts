/** The table `samplers`: sampling rates as exporters announce them and operators configure them. */

import { STREAM_COLUMNS, streamTable } from './stream-rows.ts'
import type { Columns, KeyOf, RowOf } from './table.ts'

const COLUMNS = {
  ...STREAM_COLUMNS,
  /** 0: for every source port without samplers of its own. */
  sourcePort: { name: 'source_port', type: 'integer', combine: 'key' },
  scope: { name: 'scope', type: 'text', combine: 'key' },
  scopeValue: { name: 'scope_value', type: 'bigint', combine: 'key' },
  samplingRate: { name: 'sampling_rate', type: 'bigint', combine: 'replace' },
  mode: { name: 'mode', type: 'smallint', nullable: true, combine: 'replace' },
  algorithm: { name: 'algorithm', type: 'smallint', nullable: true, combine: 'replace' },
  source: { name: 'source', type: 'text', combine: 'replace' },
  status: { name: 'status', type: 'text', combine: 'replace' },
  lastSeenMicros: { name: 'last_seen', type: 'micros', combine: 'replace' },
} as const satisfies Columns

export type SamplerKey = KeyOf<typeof COLUMNS>
export type SamplerRow = RowOf<typeof COLUMNS>

/** Reads the least recently seen sampler first. */
export const SAMPLERS = streamTable<SamplerKey, SamplerRow>(
  'samplers',
  COLUMNS,
  'last_seen, scope_value',
)
