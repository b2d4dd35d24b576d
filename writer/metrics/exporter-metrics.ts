/** Counts of single exporters, for the first exporters that are heard. */

import type { BatchChanges } from '../load/tables/batch-changes.ts'

/** More series than this cost a Prometheus server more than they tell. */
const MAX_EXPORTERS = 1_000
/** The label of all further exporters. */
const OTHERS = 'others'
/** The label of addresses that no exporter has. */
const NOT_REGISTERED = 'not registered'

export interface ExporterFigures {
  datagrams: number
  flows: number
  rejected: number
  /** Units by their name. */
  readonly lost: Record<string, number>
}

export class ExporterMetrics {
  readonly #figures = new Map<string, ExporterFigures>()

  /** By the label that they have. */
  get figures(): ReadonlyMap<string, ExporterFigures> {
    return this.#figures
  }

  /** Adds the counts of a batch that is complete. */
  addBatch({ counts, rejections, losses, streams }: BatchChanges): void {
    for (const { exporter, received, records } of counts.values()) {
      const figures = this.#figuresOf(exporter)
      figures.datagrams += received
      figures.flows += records
    }
    for (const { exporter, datagrams } of rejections.values()) {
      this.#figuresOf(exporter).rejected += datagrams
    }
    // A stream that has lost nothing is shown, too.
    for (const { exporter, sequenceUnit, lost } of streams) {
      if (lost !== null) this.#addLost(exporter, sequenceUnit, 0)
    }
    // A loss that was taken back is in a counter of its own: this one never falls.
    for (const { exporter, unit, lost } of losses) {
      this.#addLost(exporter, unit, Math.max(0, lost))
    }
  }

  #addLost(exporter: string, unit: string, count: number): void {
    const { lost } = this.#figuresOf(exporter)
    lost[unit] = (lost[unit] ?? 0) + count
  }

  #figuresOf(exporter: string | null): ExporterFigures {
    const name = exporter ?? NOT_REGISTERED
    const known = this.#figures.get(name)
    if (known) return known
    const label = this.#figures.size < MAX_EXPORTERS ? name : OTHERS
    const figures = this.#figures.get(label) ?? { datagrams: 0, flows: 0, rejected: 0, lost: {} }
    this.#figures.set(label, figures)
    return figures
  }
}
