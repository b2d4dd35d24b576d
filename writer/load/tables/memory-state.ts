/** Reads what exporters have said before a restart of the writer; see `memory-changes.ts`. */

import type pg from 'pg'
import type { FlowTotalRow, HeldSetRow, NameRow, SamplerRow, TemplateRow } from './batch-changes.ts'
import { readFlowTotals } from './flow-totals.ts'

/** What exporters have said, as far as the batches up to the position have brought it. */
export interface MemoryRows {
  /** The least recently seen first. */
  readonly templates: readonly TemplateRow[]
  readonly samplers: readonly SamplerRow[]
  readonly names: readonly NameRow[]
  /** Of this journal, the most silent first. */
  readonly flowTotals: readonly FlowTotalRow[]
  /** Of this journal, in the order of arrival. */
  readonly heldSets: readonly HeldSetRow[]
}

const STREAM = `
  host(exporter) as exporter, export_version as "exportVersion",
  observation_domain::float8 as "observationDomain"`

/** Of the streams that are read back, too. */
const FOLLOWED = `
  join (
    select exporter, export_version, observation_domain
    from exporter_streams order by last_seen desc limit $1
  ) as followed using (exporter, export_version, observation_domain)`

function micros(column: string): string {
  return `(extract(epoch from ${column}) * 1000000)::float8`
}

const TEMPLATES = `
  select ${STREAM}, template_id as "templateId", source_port as "sourcePort", kind, fields,
    scope_fields as "scopeFields", status, ${micros('first_seen')} as "firstSeenMicros",
    ${micros('defined_at')} as "definedMicros", ${micros('last_seen')} as "lastSeenMicros",
    redefinitions, definition_hash as "definitionHash", previous_hash as "previousHash"
  from templates ${FOLLOWED} order by last_seen, template_id`

const SAMPLERS = `
  select ${STREAM}, scope, scope_value::float8 as "scopeValue",
    sampling_rate::float8 as "samplingRate", mode, algorithm, source, status,
    ${micros('last_seen')} as "lastSeenMicros"
  from samplers ${FOLLOWED} order by last_seen, scope_value`

const NAMES = `select ${STREAM}, kind, key, name from names ${FOLLOWED} order by key`

const HELD_SETS = `
  select id::float8 as id, ${STREAM}, template_id as "templateId", source_port as "sourcePort",
    ${micros('received_at')} as "receivedMicros", ${micros('exported_at')} as "exportedMicros",
    uptime_ms::float8 as "uptimeMs", sequence::float8 as sequence, content,
    message::float8 as message
  from held_sets where journal = $1 order by id`

/** Reads everything that was written down. */
export async function readMemory(
  client: pg.Client,
  { journalId, maxStreams }: { readonly journalId: string; readonly maxStreams: number },
): Promise<MemoryRows> {
  const templates = await client.query<TemplateRow>(TEMPLATES, [maxStreams])
  const samplers = await client.query<SamplerRow>(SAMPLERS, [maxStreams])
  const names = await client.query<NameRow>(NAMES, [maxStreams])
  const heldSets = await client.query<HeldSetRow>(HELD_SETS, [journalId])
  return {
    templates: templates.rows,
    samplers: samplers.rows,
    names: names.rows,
    flowTotals: await readFlowTotals(client, journalId),
    heldSets: heldSets.rows,
  }
}
