/**
 * Writes what exporters have said: templates, samplers, names, and the data sets that wait for a
 * template. Rows of a stream that an operator has deleted are left out: nothing refers to it.
 */

import { rowsStatements, type Statement } from '../database/statements.ts'
import type { BatchChanges, HeldSetRow } from './batch-changes.ts'
import { flowTotalStatements } from './flow-totals.ts'

const MICROS = `timestamptz 'epoch' + interval '1 microsecond' *`
const STREAM = `exporter inet, "exportVersion" smallint, "observationDomain" bigint`
const ONLY_KNOWN_STREAMS = `
  join exporter_streams as stream
    on stream.exporter = changed.exporter and stream.export_version = "exportVersion"
    and stream.observation_domain = "observationDomain"`
const OF_STREAM = `
  kept.exporter = gone.exporter and kept.export_version = "exportVersion"
  and kept.observation_domain = "observationDomain"`

const UPSERT_TEMPLATES = `
  insert into templates (
    exporter, export_version, observation_domain, template_id, source_port, kind, fields,
    scope_fields, status, first_seen, defined_at, last_seen, redefinitions, definition_hash,
    previous_hash)
  select
    changed.exporter, "exportVersion", "observationDomain", "templateId", "sourcePort", kind, fields,
    "scopeFields", status, ${MICROS} "firstSeenMicros", ${MICROS} "definedMicros",
    ${MICROS} "lastSeenMicros", redefinitions, "definitionHash", "previousHash"
  from jsonb_to_recordset($1) as changed (
    ${STREAM}, "templateId" integer, "sourcePort" integer, kind text, fields jsonb,
    "scopeFields" integer, status text, "firstSeenMicros" bigint, "definedMicros" bigint,
    "lastSeenMicros" bigint, redefinitions integer, "definitionHash" text, "previousHash" text)
  ${ONLY_KNOWN_STREAMS}
  order by 1, 2, 3, 4, 5
  on conflict (exporter, export_version, observation_domain, template_id, source_port) do update
  set kind = excluded.kind, fields = excluded.fields, scope_fields = excluded.scope_fields,
    status = excluded.status, first_seen = excluded.first_seen, defined_at = excluded.defined_at,
    last_seen = excluded.last_seen, redefinitions = excluded.redefinitions,
    definition_hash = excluded.definition_hash, previous_hash = excluded.previous_hash`

const DELETE_TEMPLATES = `
  delete from templates as kept
  using jsonb_to_recordset($1) as gone (${STREAM}, "templateId" integer, "sourcePort" integer)
  where ${OF_STREAM} and kept.template_id = "templateId" and kept.source_port = "sourcePort"`

const UPSERT_SAMPLERS = `
  insert into samplers (
    exporter, export_version, observation_domain, scope, scope_value, sampling_rate, mode,
    algorithm, source, status, last_seen)
  select
    changed.exporter, "exportVersion", "observationDomain", scope, "scopeValue", "samplingRate",
    mode, algorithm, source, status, ${MICROS} "lastSeenMicros"
  from jsonb_to_recordset($1) as changed (
    ${STREAM}, scope text, "scopeValue" bigint, "samplingRate" bigint, mode smallint,
    algorithm smallint, source text, status text, "lastSeenMicros" bigint)
  ${ONLY_KNOWN_STREAMS}
  order by 1, 2, 3, 4, 5
  on conflict (exporter, export_version, observation_domain, scope, scope_value) do update
  set sampling_rate = excluded.sampling_rate, mode = excluded.mode,
    algorithm = excluded.algorithm, source = excluded.source, status = excluded.status,
    last_seen = excluded.last_seen`

const DELETE_SAMPLERS = `
  delete from samplers as kept
  using jsonb_to_recordset($1) as gone (${STREAM}, scope text, "scopeValue" bigint)
  where ${OF_STREAM} and kept.scope = gone.scope and kept.scope_value = "scopeValue"`

const UPSERT_NAMES = `
  insert into names (exporter, export_version, observation_domain, kind, key, name)
  select changed.exporter, "exportVersion", "observationDomain", kind, key, name
  from jsonb_to_recordset($1) as changed (${STREAM}, kind text, key text, name text)
  ${ONLY_KNOWN_STREAMS}
  order by 1, 2, 3, 4, 5
  on conflict (exporter, export_version, observation_domain, kind, key) do update
  set name = excluded.name`

const DELETE_NAMES = `
  delete from names as kept
  using jsonb_to_recordset($1) as gone (${STREAM}, kind text, key text)
  where ${OF_STREAM} and kept.kind = gone.kind and kept.key = gone.key`

const INSERT_HELD_SETS = `
  insert into held_sets (
    journal, id, exporter, export_version, observation_domain, template_id, source_port,
    received_at, exported_at, uptime_ms, sequence, content, message)
  select
    $2, id, changed.exporter, "exportVersion", "observationDomain", "templateId", "sourcePort",
    ${MICROS} "receivedMicros", ${MICROS} "exportedMicros", "uptimeMs", changed.sequence,
    decode(content, 'base64'), message
  from jsonb_to_recordset($1) as changed (
    id bigint, ${STREAM}, "templateId" integer, "sourcePort" integer, "receivedMicros" bigint,
    "exportedMicros" bigint, "uptimeMs" bigint, sequence bigint, content text,
    message bigint)
  ${ONLY_KNOWN_STREAMS}`

const DELETE_HELD_SETS = 'delete from held_sets where journal = $2 and id = any ($1)'

const EXPIRE_MESSAGES =
  'update held_sets set message = null where journal = $2 and message = any ($1)'

/** Makes the statements that write what was said. */
export function* memoryStatements(
  { templates, samplers, names, flowTotals, heldSets, expiredMessages }: BatchChanges,
  journalId: string,
): Iterable<Statement> {
  yield* rowsStatements('delete templates', DELETE_TEMPLATES, templates.removed)
  yield* rowsStatements('upsert templates', UPSERT_TEMPLATES, templates.written)
  yield* rowsStatements('delete samplers', DELETE_SAMPLERS, samplers.removed)
  yield* rowsStatements('upsert samplers', UPSERT_SAMPLERS, samplers.written)
  yield* rowsStatements('delete names', DELETE_NAMES, names.removed)
  yield* rowsStatements('upsert names', UPSERT_NAMES, names.written)
  yield* flowTotalStatements(flowTotals, journalId)
  if (heldSets.removed.length > 0) {
    const ids = arrayText(heldSets.removed.map(({ id }) => id))
    yield { name: 'delete held sets', text: DELETE_HELD_SETS, values: [ids, journalId] }
  }
  if (heldSets.written.length > 0) {
    const rows = heldSets.written.map(encodeHeldSet)
    yield* rowsStatements('insert held sets', INSERT_HELD_SETS, rows, journalId)
  }
  if (expiredMessages.length > 0) {
    const values = [arrayText(expiredMessages), journalId]
    yield { name: 'expire messages', text: EXPIRE_MESSAGES, values }
  }
}

function arrayText(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`
}

function encodeHeldSet(row: HeldSetRow): object {
  return { ...row, content: row.content.toString('base64') }
}
