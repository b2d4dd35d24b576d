/**
 * Turns what streams remember of their exporters into rows, and rows back into what they remember.
 * It decides neither what is remembered nor when it is written.
 */

import type { BatchChanges } from '../load/tables/batch-changes.ts'
import type { FlowTotalRow } from '../load/tables/flow-totals.ts'
import type { NameKey, NameRow } from '../load/tables/names.ts'
import type { SamplerRow } from '../load/tables/samplers.ts'
import type { RowChanges } from '../load/tables/table.ts'
import type { TemplateRow } from '../load/tables/templates.ts'
import { MAX_FIELDS_PER_TEMPLATE } from '../netflow/limits.ts'
import type { ConfirmationStatus } from '../netflow/memory/confirmation.ts'
import type { FlowTotal } from '../netflow/memory/flow-totals.ts'
import { SAMPLER_SCOPES, type Sampler, type SamplerScope } from '../netflow/memory/samplers.ts'
import type { StreamMemory } from '../netflow/memory/stream-memory.ts'
import { createTemplate, hashDefinition, type Template } from '../netflow/memory/template.ts'
import { type KnownTemplate, NO_ALTERNATIONS } from '../netflow/memory/templates.ts'
import type { MapChanges, TrackedMap } from '../netflow/memory/tracked-map.ts'
import type { StreamKey } from '../netflow/stream-key.ts'

/** Adds what a stream has to write down to the changes of a batch. */
export function takeMemory(stream: StreamMemory, changes: BatchChanges): void {
  const { exporter, exportVersion, observationDomain, templates, samplers } = stream
  const streamKey: StreamKey = { exporter, exportVersion, observationDomain }
  if (templates.hasChanges) {
    addRows(changes.templates, templates.takeChanges(), {
      keyOf: (key) => ({ ...streamKey, ...key }),
      rowOf: (key, known) => ({ ...key, ...templateColumns(known) }),
    })
  }
  for (const scope of samplers.hasChanges ? SAMPLER_SCOPES : []) {
    addRows(changes.samplers, samplers.takeChanges(scope), {
      keyOf: (scopeValue) => ({ ...streamKey, scope, scopeValue }),
      rowOf: (key, sampler) => ({ ...key, ...samplerColumns(sampler) }),
    })
  }
  takeNames(stream.interfaceNames, changes.names, { ...streamKey, kind: 'interface' })
  takeNames(stream.applicationNames, changes.names, { ...streamKey, kind: 'application' })
  takeNames(stream.samplerNames, changes.names, { ...streamKey, kind: 'sampler' })
  const { flows } = stream.totals
  if (!flows.hasChanges) return
  addRows(changes.flowTotals, flows.takeChanges(), {
    keyOf: (flowKey) => ({ ...streamKey, flowKey }),
    rowOf: (key, total) => ({ ...key, ...totalColumns(total) }),
  })
}

function takeNames<Key extends number | string>(
  names: TrackedMap<Key, string>,
  rows: RowChanges<NameKey, NameRow>,
  table: Omit<NameKey, 'key'>,
): void {
  if (!names.hasChanges) return
  addRows(rows, names.takeChanges(), {
    keyOf: (key) => ({ ...table, key: String(key) }),
    rowOf: (key, name) => ({ ...key, name }),
  })
}

function addRows<MapKey, Value, Key, Row extends Key>(
  rows: RowChanges<Key, Row>,
  { changed, removed }: MapChanges<MapKey, Value>,
  make: { keyOf: (key: MapKey) => Key; rowOf: (key: Key, value: Value) => Row },
): void {
  for (const [key, value] of changed) rows.written.push(make.rowOf(make.keyOf(key), value))
  for (const key of removed) rows.removed.push(make.keyOf(key))
}

function templateColumns(known: KnownTemplate) {
  const { template } = known
  return {
    kind: template.isOptions ? ('options' as const) : ('flows' as const),
    fields: template.fields.map(({ enterprise, id, length }) => [enterprise, id, length] as const),
    scopeFields: template.scopeFields,
    status: known.status,
    firstSeenMicros: known.firstSeenMicros,
    definedMicros: known.definedMicros,
    lastSeenMicros: known.lastSeenMicros,
    redefinitions: known.redefinitions,
    definitionHash: hashDefinition(template),
    previousHash: known.previousHash || null,
  }
}

function samplerColumns(sampler: Sampler) {
  return {
    samplingRate: sampler.rate,
    mode: sampler.mode ?? null,
    algorithm: sampler.algorithm ?? null,
    source: sampler.source,
    status: sampler.status,
    lastSeenMicros: sampler.lastSeenMicros,
  }
}

function totalColumns({ bytes, packets, startMicros, exportMicros }: FlowTotal) {
  return {
    bytes: bytes === undefined ? null : String(bytes),
    packets: packets === undefined ? null : String(packets),
    startMicros: Number.isNaN(startMicros) ? null : startMicros,
    exportMicros,
  }
}

/** Gives a template back to its stream; a row that somebody made unusable is left out. */
export function restoreTemplate(stream: StreamMemory, row: TemplateRow): void {
  const { sourcePort, lastSeenMicros } = row
  const template = templateOf(row)
  if (template === undefined) return
  stream.templates.restore({
    template,
    sourcePort,
    status: row.status as ConfirmationStatus,
    firstSeenMicros: row.firstSeenMicros,
    definedMicros: row.definedMicros,
    lastSeenMicros,
    notedMicros: lastSeenMicros,
    redefinitions: row.redefinitions,
    previousHash: row.previousHash ?? '',
    alternations: NO_ALTERNATIONS,
    definedBy: { port: sourcePort, previousPort: sourcePort },
  })
}

function templateOf({ templateId, fields, kind, scopeFields }: TemplateRow): Template | undefined {
  const specifiers = fields.map(([enterprise, id, length]) => ({ enterprise, id, length }))
  const template = createTemplate(
    templateId,
    specifiers,
    kind === 'options' ? { scopeFields } : undefined,
  )
  const isUsable = template.recordLength > 0 && specifiers.length <= MAX_FIELDS_PER_TEMPLATE
  return isUsable ? template : undefined
}

/** Gives a sampling rate back to its stream. */
export function restoreSampler(stream: StreamMemory, row: SamplerRow): void {
  stream.samplers.restore({
    scope: row.scope as SamplerScope,
    value: row.scopeValue,
    rate: row.samplingRate,
    source: row.source,
    mode: row.mode ?? undefined,
    algorithm: row.algorithm ?? undefined,
    status: row.status as ConfirmationStatus,
    lastSeenMicros: row.lastSeenMicros,
    notedMicros: row.lastSeenMicros,
  })
}

/** Gives a name back to its stream. */
export function restoreName(stream: StreamMemory, { kind, key, name }: NameRow): void {
  if (kind === 'interface') stream.interfaceNames.restore(Number(key), name)
  else if (kind === 'application') stream.applicationNames.restore(key, name)
  else stream.samplerNames.restore(Number(key), name)
}

/** Gives the last total of a flow back to its stream, the most silent one first. */
export function restoreFlowTotal({ totals }: StreamMemory, row: FlowTotalRow): void {
  const { flowKey, bytes, packets, startMicros, exportMicros } = row
  totals.flows.restore(flowKey, {
    bytes: bytes === null ? undefined : BigInt(bytes),
    packets: packets === null ? undefined : BigInt(packets),
    startMicros: startMicros ?? Number.NaN,
    exportMicros,
  })
}
