/** Turns changes in the memory of streams into changes of table rows. */

import type { BatchChanges } from '../load/tables/batch-changes.ts'
import type { NameKey, NameRow } from '../load/tables/names.ts'
import type { RowChanges } from '../load/tables/table.ts'
import type { FlowTotal } from '../netflow/memory/flow-totals.ts'
import type { KnownTemplate } from '../netflow/memory/known-template.ts'
import type { Sampler } from '../netflow/memory/samplers.ts'
import type { StreamMemory } from '../netflow/memory/stream-memory.ts'
import { hashDefinition } from '../netflow/memory/template.ts'
import type { MapChanges, TrackedMap } from '../netflow/memory/tracked-map.ts'
import type { StreamKey } from '../netflow/stream-key.ts'

/** Moves the changes of a stream's memory since the last batch into the changes of this batch. */
export function takeMemory(memory: StreamMemory, changes: BatchChanges): void {
  const { exporter, exportVersion, observationDomain, templates } = memory
  const streamKey: StreamKey = { exporter, exportVersion, observationDomain }
  if (templates.hasChanges) {
    addRows(changes.templates, templates.takeChanges(), {
      keyOf: (key) => ({ ...streamKey, ...key }),
      rowOf: (key, known) => ({ ...key, ...templateColumns(known) }),
    })
  }
  for (const { samplers, sourcePort } of memory.options.takeAll()) {
    for (const scope of samplers.hasChanges ? samplers.scopes : []) {
      addRows(changes.samplers, samplers.takeChanges(scope), {
        keyOf: (scopeValue) => ({ ...streamKey, sourcePort, scope, scopeValue }),
        rowOf: (key, sampler) => ({ ...key, ...samplerColumns(sampler) }),
      })
    }
  }
  takeNames(memory.interfaceNames, changes.names, { ...streamKey, kind: 'interface' })
  takeNames(memory.applicationNames, changes.names, { ...streamKey, kind: 'application' })
  takeNames(memory.samplerNames, changes.names, { ...streamKey, kind: 'sampler' })
  const { flows } = memory.totals
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
    ports: known.ports,
    contradicted: known.isContradicted,
    status: known.status,
    firstSeenMicros: known.firstSeenMicros,
    definedMicros: known.definedMicros,
    lastSeenMicros: known.lastSeenMicros,
    redefinitions: known.redefinitions,
    definitionHash: hashDefinition(template),
    previousHash: known.previousHash || null,
    refreshMs: known.refreshMicros === undefined ? null : Math.round(known.refreshMicros / 1000),
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
