/** Gives up held sets, and settles the datagrams that they came in. */

import type { HeldCount } from '../load/tables/outcome-counts.ts'
import type { WriterMetrics } from '../metrics/metrics.ts'
import type { Decoder } from '../netflow/decode.ts'
import { HELD_SET_MAX_AGE_MICROS } from '../netflow/limits.ts'
import type { HeldDatagrams } from '../streams/held-datagrams.ts'
import type { Streams } from '../streams/streams.ts'
import type { Outcomes } from './outcomes.ts'
import type { StreamLog } from './stream-log.ts'

interface HeldExpiryOptions {
  readonly decoder: Decoder
  readonly heldDatagrams: HeldDatagrams
  readonly metrics: WriterMetrics
  readonly outcomes: Outcomes
  readonly streamLog: StreamLog
  readonly streams: Streams
}

export class HeldExpiry {
  readonly #options: HeldExpiryOptions
  /** The smallest offset so far of the host's clock from the stream clock; 0 or less. */
  #leastOffsetMs = 0

  constructor(options: HeldExpiryOptions) {
    this.#options = options
  }

  /**
   * Gives up the sets of messages that have been held for too long.
   *
   * @param nowMs the time of the stream clock
   * @param offsetMs how far the host's clock is ahead of it
   */
  expire(nowMs: number, offsetMs: number): void {
    const { decoder, heldDatagrams } = this.#options
    const maxAgeMs = HELD_SET_MAX_AGE_MICROS / 1000
    for (const { receivedAtMicros } of heldDatagrams.heldUntil(nowMs - maxAgeMs)) {
      decoder.expireHeldSets(receivedAtMicros + HELD_SET_MAX_AGE_MICROS)
    }
    // Then the other sets of datagrams that have expired. Receive times are by the host's clock, which
    // may have been set since: the smallest offset gives up none too early.
    this.#leastOffsetMs = Math.min(this.#leastOffsetMs, offsetMs)
    decoder.expireHeldSets((nowMs + this.#leastOffsetMs) * 1000)
  }

  /** Settles the datagrams of held sets that were given up. */
  settle(): void {
    const { decoder, heldDatagrams, metrics, outcomes, streamLog, streams } = this.#options
    for (const { stream: memory, message } of decoder.expiredSets.splice(0)) {
      metrics.heldSets.count('expired')
      if (heldDatagrams.expire(message)) outcomes.settleHeld(memory.exporter, 'expired')
      const stream = streams.of(memory)
      if (!stream) continue
      stream.change.expiredSets += 1
      streams.markDirty(stream)
      streamLog.logExpiredSet(memory)
    }
  }

  /**
   * Settles datagrams that an earlier start counted as held and that are gone, e.g. with their
   * exporter; returns whether there were any.
   */
  settleLost(counted: readonly HeldCount[]): boolean {
    const stillHeld = this.#options.heldDatagrams.countByExporter()
    let sum = 0
    for (const { exporter, datagrams } of counted) {
      const lost = datagrams - (stillHeld.get(exporter) ?? 0)
      for (let index = 0; index < lost; index++) {
        this.#options.outcomes.settleHeld(exporter, 'expired')
      }
      sum += Math.max(0, lost)
    }
    return sum > 0
  }
}
