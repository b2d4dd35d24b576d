/** Columns of exporters, of their streams, and of the templates, samplers and names they announced. */

import { z } from 'zod'
import type { Ask, Row } from '../../query/sql.ts'
import * as column from './columns.ts'

const exporterColumns = column.rowReader({
  address: column.text,
  name: column.text,
  enabled: column.flag,
  first_seen: column.time,
  last_seen: column.time,
  sampling_override: column.counter,
  sampling_default: column.counter,
  prefixes: column.json(z.array(z.string()).nullable()),
})

export const stream = column.rowReader({
  exporter: column.text,
  export_version: column.number,
  observation_domain: column.number,
  last_seen: column.time,
  silent_seconds: column.number,
  flows_per_second: column.number,
  datagrams_per_second: column.number,
  sequence_unit: column.text,
  lost_day: column.counter,
  loss_percent_day: column.number,
  lost: column.counter,
  loss_percent: column.number,
  clock_skew_seconds: column.number,
  templates: column.number,
  last_template_at: column.time,
  next_template_due: column.time,
  sampling: column.text,
  sampling_source: column.text,
  advice: column.json(z.array(z.string())),
})

export const exporterRow = exporterColumns.schema.extend({
  streams: z.array(stream.schema).describe('one for each version and observation domain'),
})

/** Returns exporters, each with its streams from the health view. */
export function joinStreams(
  exporters: readonly Row[],
  health: readonly Row[],
): z.infer<typeof exporterRow>[] {
  const byExporter = new Map<string | null | undefined, Row[]>()
  for (const row of health) {
    const exporter = row['exporter']
    byExporter.set(exporter, [...(byExporter.get(exporter) ?? []), row])
  }
  return exporters.map((row) => ({
    ...exporterColumns.read(row),
    streams: (byExporter.get(row['address']) ?? []).map(stream.read),
  }))
}

const FIELD = z.tuple([z.number(), z.number(), z.number()])

export const template = column.rowReader({
  export_version: column.number,
  observation_domain: column.number,
  template_id: column.number,
  source_port: column.number,
  kind: column.text,
  fields: column.json(z.array(FIELD)),
  scope_fields: column.number,
  status: column.text,
  first_seen: column.time,
  defined_at: column.time,
  last_seen: column.time,
  redefinitions: column.number,
})

export const sampler = column.rowReader({
  export_version: column.number,
  observation_domain: column.number,
  scope: column.text,
  scope_value: column.counter,
  sampling_rate: column.counter,
  mode: column.number,
  algorithm: column.number,
  source: column.text,
  status: column.text,
  last_seen: column.time,
})

export const name = column.rowReader({
  export_version: column.number,
  observation_domain: column.number,
  kind: column.text,
  key: column.text,
  name: column.text,
})

/** An exporter may announce a name for each of its interfaces and applications. */
const MAX_ANNOUNCED = 10_000

/** Asks for an exporter's rows of a table. */
export function askAnnounced(
  ask: Ask,
  table: 'templates' | 'samplers' | 'names',
  address: string,
): Promise<readonly Row[]> {
  return ask({
    text: `
      select * from ${table} where exporter = $1::inet
      order by export_version, observation_domain, ${ORDER[table]} limit ${MAX_ANNOUNCED}`,
    values: [address],
  })
}

const ORDER = {
  templates: 'template_id, source_port',
  samplers: 'scope, scope_value',
  names: 'kind, length(key), key',
} as const
