/**
 * Everything that is known of one stream, side by side: what the decoder remembers, the sequence
 * ledger, the clock skew, and what of it the current batch still has to write down.
 */

import { emptyStreamChange, type StreamChange } from '../load/tables/exporter-streams.ts'
import type { MemoryRooms } from '../netflow/memory/memory-room.ts'
import { StreamMemory } from '../netflow/memory/stream-memory.ts'
import type { AddressedStreamKey } from '../netflow/stream-key.ts'
import { countedUnit } from '../sequence/sequence-unit.ts'
import { StreamSequence } from '../sequence/stream-sequence.ts'
import { ClockSkew } from './clock-skew.ts'

export class Stream {
  readonly key: AddressedStreamKey
  readonly memory: StreamMemory
  readonly sequence: StreamSequence
  readonly clockSkew = new ClockSkew()
  #change: StreamChange | undefined
  /** Counters of the sequence ledger that have been written down already. */
  readonly #written = { lost: 0, late: 0, duplicates: 0, restarts: 0 }

  /** @param rooms shared with the other streams */
  constructor(key: AddressedStreamKey, rooms?: MemoryRooms) {
    this.key = key
    this.memory = new StreamMemory(key, rooms)
    this.sequence = new StreamSequence(key.exportVersion)
  }

  /** What has changed since the last batch was closed; the caller may count into it. */
  get change(): StreamChange {
    this.#change ??= emptyStreamChange(this.key)
    return this.#change
  }

  /** Notes that a message of it was received. */
  noteMessage(receivedAtMicros: number): void {
    const { change } = this
    if (change.firstSeenMicros === 0) change.firstSeenMicros = receivedAtMicros
    change.lastSeenMicros = receivedAtMicros
  }

  /** Completes the change for its batch and begins a new one. */
  takeChange(): StreamChange {
    const { change, sequence, memory } = this
    const written = this.#written
    const { lost } = sequence
    change.lost = lost === null ? null : lost - written.lost
    change.late = sequence.late - written.late
    change.duplicates = sequence.duplicates - written.duplicates
    change.restarts = sequence.restarts - written.restarts
    written.lost = lost ?? written.lost
    written.late = sequence.late
    written.duplicates = sequence.duplicates
    written.restarts = sequence.restarts
    change.sequenceUnit = countedUnit(sequence.unit)
    change.nextSequence = sequence.next
    change.sequenceState = sequence.toState()
    change.clockSkewMs = this.clockSkew.medianMs()
    change.lastTemplateMicros = memory.lastTemplateMicros || null
    const { systemInitMs, bootEstimateMs } = memory
    change.systemInitMs = Number.isNaN(systemInitMs) ? null : systemInitMs
    change.systemInitEstimateMs = Number.isNaN(bootEstimateMs) ? null : bootEstimateMs
    change.suggestedByteOrder = memory.samplers.suggestedByteOrder ?? null
    change.totalsForgottenMicros = memory.totals.forgottenMicros || null
    this.#change = undefined
    return change
  }
}
