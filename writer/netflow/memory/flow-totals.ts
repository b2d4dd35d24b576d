/** The last running totals of the flows of one stream, the base of the next differences. */

import { MAX_FLOW_TOTALS_PER_STREAM } from '../limits.ts'
import { OldestFirst } from './bounded-map.ts'
import { TrackedMap } from './tracked-map.ts'

/** The last totals of a flow. Times are Unix microseconds by the exporter's clock. */
export interface FlowTotal {
  /** Undefined if the flow sends no such total. */
  bytes: bigint | undefined
  packets: bigint | undefined
  /** Start of the flow; NaN: unknown. */
  readonly startMicros: number
  /** Export time of the message. */
  readonly exportMicros: number
}

export class FlowTotals {
  /** By flow key; the least recently sent first. */
  readonly flows = new TrackedMap<string, FlowTotal>(MAX_FLOW_TOTALS_PER_STREAM)
  readonly #oldest = new OldestFirst(this.flows)
  /** Flows last sent up to this export time may have been forgotten; 0: none was. */
  forgottenMicros = 0
  /** Added to the keys of flows, to distinguish exporters behind one address. */
  tag = ''

  get size(): number {
    return this.flows.size
  }

  put(key: string, total: FlowTotal): void {
    this.flows.set(key, total)
    this.flows.renew(key)
  }

  /** Forgets the flow that has been silent for longest. */
  forgetOldest(): void {
    const key = this.#oldest.next()
    const total = key === undefined ? undefined : this.flows.get(key)
    if (key === undefined || total === undefined) return
    this.flows.delete(key)
    this.forgottenMicros = Math.max(this.forgottenMicros, total.exportMicros)
  }

  /** Forgets all flows. */
  forgetAll(): void {
    while (this.flows.size > 0) this.forgetOldest()
  }

  /** Whether a flow with this start, if it is unknown, may have been forgotten. */
  mayHaveForgotten(startMicros: number): boolean {
    return this.forgottenMicros > 0 && !(startMicros > this.forgottenMicros)
  }
}
