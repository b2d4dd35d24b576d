/**
 * What exporters said before the writer was restarted, until the streams that it belongs to are
 * there again. It reads no database.
 */

import type { FlowTotalRow } from '../load/tables/flow-totals.ts'
import type { NameRow } from '../load/tables/names.ts'
import type { MemoryRows } from '../load/tables/resume-point.ts'
import type { SamplerRow } from '../load/tables/samplers.ts'
import type { TemplateRow } from '../load/tables/templates.ts'
import type { StreamMemory } from '../netflow/memory/stream-memory.ts'
import { type StreamKey, streamKeyText } from '../netflow/stream-key.ts'
import { restoreFlowTotal, restoreName, restoreSampler, restoreTemplate } from './memory-rows.ts'

/** Rows of one stream. */
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

  /** Gives a new stream back what its exporter said; once. */
  restore(stream: StreamMemory): void {
    const key = streamKeyText(stream)
    const rows = this.#byStream.get(key)
    this.#byStream.delete(key)
    for (const row of rows?.templates ?? []) restoreTemplate(stream, row)
    for (const row of rows?.samplers ?? []) restoreSampler(stream, row)
    for (const row of rows?.names ?? []) restoreName(stream, row)
    for (const row of rows?.flowTotals ?? []) restoreFlowTotal(stream, row)
  }

  /** Forgets what the exporter of a stream said. */
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
