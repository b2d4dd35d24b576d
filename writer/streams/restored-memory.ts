/**
 * The memory of streams from before a restart of the writer. It stays in rows until its stream is
 * created again.
 */

import type { FlowTotalRow } from '../load/tables/flow-totals.ts'
import type { NameRow } from '../load/tables/names.ts'
import type { MemoryRows } from '../load/tables/resume-point.ts'
import type { SamplerRow } from '../load/tables/samplers.ts'
import type { TemplateRow } from '../load/tables/templates.ts'
import { MAX_FIELDS_PER_TEMPLATE } from '../netflow/limits.ts'
import type { ConfirmationStatus } from '../netflow/memory/confirmation.ts'
import type { SamplerScope } from '../netflow/memory/samplers.ts'
import type { StreamMemory } from '../netflow/memory/stream-memory.ts'
import { createTemplate, type Template } from '../netflow/memory/template.ts'
import { type StreamKey, streamKeyText } from '../netflow/stream-key.ts'

/** The rows of one stream. */
interface StreamRows {
  readonly templates: TemplateRow[]
  readonly samplers: SamplerRow[]
  readonly names: NameRow[]
  readonly flowTotals: FlowTotalRow[]
}

export class RestoredMemory {
  readonly #byStream = new Map<string, StreamRows>()

  constructor({ templates, samplers, names, flowTotals }: Omit<MemoryRows, 'heldSets'>) {
    for (const row of templates) this.#rowsOf(row).templates.push(row)
    for (const row of samplers) this.#rowsOf(row).samplers.push(row)
    for (const row of names) this.#rowsOf(row).names.push(row)
    for (const row of flowTotals) this.#rowsOf(row).flowTotals.push(row)
  }

  /** Moves the rows of a stream into its new memory. */
  restore(memory: StreamMemory): void {
    const key = streamKeyText(memory)
    const rows = this.#byStream.get(key)
    this.#byStream.delete(key)
    for (const row of rows?.templates ?? []) restoreTemplate(memory, row)
    for (const row of rows?.samplers ?? []) restoreSampler(memory, row)
    memory.options.retain(memory.templates.newcomers)
    for (const row of rows?.names ?? []) restoreName(memory, row)
    // The most silent flow comes first, as it is also the first one to be forgotten.
    for (const row of rows?.flowTotals ?? []) restoreFlowTotal(memory, row)
  }

  /**
   * Forgets the rows of a stream.
   *
   * @param key as `streamKeyText` writes it
   */
  forget(key: string): void {
    this.#byStream.delete(key)
  }

  #rowsOf(row: StreamKey): StreamRows {
    const key = streamKeyText(row)
    let rows = this.#byStream.get(key)
    if (!rows) {
      rows = { templates: [], samplers: [], names: [], flowTotals: [] }
      this.#byStream.set(key, rows)
    }
    return rows
  }
}

/** Skips a row that somebody has made unusable. */
function restoreTemplate(memory: StreamMemory, row: TemplateRow): void {
  const { sourcePort, lastSeenMicros } = row
  const template = templateOf(row)
  if (template === undefined) return
  memory.templates.restore({
    template,
    sourcePort,
    status: row.status as ConfirmationStatus,
    firstSeenMicros: row.firstSeenMicros,
    definedMicros: row.definedMicros,
    lastSeenMicros,
    notedMicros: lastSeenMicros,
    redefinitions: row.redefinitions,
    previousHash: row.previousHash ?? '',
    alternations: 0,
    ports: row.ports,
    isContradicted: row.contradicted,
    ...(row.refreshMs === null ? {} : { refreshMicros: row.refreshMs * 1000 }),
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

function restoreSampler({ options }: StreamMemory, row: SamplerRow): void {
  const { samplers } = row.sourcePort > 0 ? options.open(row.sourcePort) : options.shared
  samplers.restore({
    scope: row.scope as SamplerScope,
    value: row.scopeValue,
    rate: row.samplingRate,
    source: row.source,
    mode: row.mode ?? undefined,
    algorithm: row.algorithm ?? undefined,
    port: row.sourcePort,
    before: undefined,
    status: row.status as ConfirmationStatus,
    lastSeenMicros: row.lastSeenMicros,
    notedMicros: row.lastSeenMicros,
  })
}

function restoreName(memory: StreamMemory, { kind, key, name }: NameRow): void {
  if (kind === 'interface') memory.interfaceNames.restore(Number(key), name)
  else if (kind === 'application') memory.applicationNames.restore(key, name)
  else memory.samplerNames.restore(Number(key), name)
}

function restoreFlowTotal({ totals }: StreamMemory, row: FlowTotalRow): void {
  const { flowKey, bytes, packets, startMicros, exportMicros } = row
  totals.flows.restore(flowKey, {
    bytes: bytes === null ? undefined : BigInt(bytes),
    packets: packets === null ? undefined : BigInt(packets),
    startMicros: startMicros ?? Number.NaN,
    exportMicros,
  })
}
