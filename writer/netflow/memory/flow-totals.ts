/**
 * The running totals that the flows of one stream have sent, so that the next ones can be made
 * differences. It decides neither when a total is one nor how many there may be.
 */

import { MAX_FLOW_TOTALS_PER_STREAM } from '../limits.ts'
import { OldestFirst } from './bounded-map.ts'
import { TrackedMap } from './tracked-map.ts'

/** What a flow has sent last. Times are Unix microseconds by the exporter's clock. */
export interface FlowTotal {
  /** Undefined when it sends no such total. */
  bytes: bigint | undefined
  packets: bigint | undefined
  /** When the flow began; NaN when it does not say. */
  readonly startMicros: number
  /** Export time of the message. */
  readonly exportMicros: number
}

export class FlowTotals {
  /** By what tells flows apart; the least recently sent first. */
  readonly flows = new TrackedMap<string, FlowTotal>(MAX_FLOW_TOTALS_PER_STREAM)
  readonly #oldest = new OldestFirst(this.flows)
  /** Flows that were last sent up to this export time may have been forgotten; 0: none was. */
  forgottenMicros = 0

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

  /** Tells whether a flow that is not known may have been, by when it began. */
  mayHaveForgotten(startMicros: number): boolean {
    return this.forgottenMicros > 0 && !(startMicros > this.forgottenMicros)
  }
}
