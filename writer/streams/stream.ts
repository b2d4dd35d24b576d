/**
 * One stream: the memory that decoding needs, the sequence accounting, the clock skew, and the change
 * that the current batch has to write.
 */

import { emptyStreamChange, type StreamChange } from '../load/tables/exporter-streams.ts'
import type { DecodeResult } from '../netflow/decode-result.ts'
import type { MemoryRooms } from '../netflow/memory/memory-room.ts'
import { StreamMemory } from '../netflow/memory/stream-memory.ts'
import type { AddressedStreamKey } from '../netflow/stream-key.ts'
import type { MessageHeader } from '../netflow/versions/message-header.ts'
import { countedUnit } from '../sequence/sequence-unit.ts'
import type { SequenceVerdict } from '../sequence/sequenced-datagram.ts'
import { StreamSequence } from '../sequence/stream-sequence.ts'
import { ClockSkew } from './clock-skew.ts'

/** How a message arrived. */
interface Arrival {
  readonly receivedAtMicros: number
  readonly fingerprint: number
  readonly port: number
}

export class Stream {
  readonly key: AddressedStreamKey
  readonly memory: StreamMemory
  readonly sequence: StreamSequence
  readonly clockSkew = new ClockSkew()
  #change: StreamChange | undefined
  /** Sequence counters that earlier batches have written. */
  readonly #written = { lost: 0, late: 0, duplicates: 0, restarts: 0 }

  /** @param rooms shared with the other streams */
  constructor(key: AddressedStreamKey, rooms?: MemoryRooms) {
    this.key = key
    this.memory = new StreamMemory(key, rooms)
    this.sequence = new StreamSequence(key.exportVersion)
  }

  /** The change since the last batch; the caller may count into it. */
  get change(): StreamChange {
    this.#change ??= emptyStreamChange(this.key)
    return this.#change
  }

  /** Notes the receive time of a message. */
  noteMessage(receivedAtMicros: number): void {
    const { change } = this
    if (change.firstSeenMicros === 0) change.firstSeenMicros = receivedAtMicros
    change.lastSeenMicros = receivedAtMicros
  }

  /** Judges the sequence number of a message that was decoded, and adds the sets that it released. */
  observe(
    header: MessageHeader,
    result: DecodeResult,
    { receivedAtMicros, fingerprint, port }: Arrival,
  ): SequenceVerdict {
    const receivedAtMs = receivedAtMicros / 1000
    this.clockSkew.observe(receivedAtMs, header.exportMicros / 1000)
    for (const released of result.releases) this.sequence.release(released)
    const datagram = {
      sequence: header.sequence,
      dataRecords: result.dataRecords,
      optionsRecords: result.optionsRecords - result.releasedOptions,
      templateRecords: result.templateRecords,
      dataSets: result.decodedSets + result.waitingSets,
      undecodedSets: result.waitingSets + result.uncountedSets,
      receivedAtMs,
      wallMs: receivedAtMs,
      uptimeMs: Number.isNaN(header.uptimeMs) ? undefined : header.uptimeMs,
      fingerprint,
    }
    return this.sequence.observe(datagram, port)
  }

  /** Counts a message that was decoded; flows of a disabled exporter are not stored. */
  count(result: DecodeResult, { enabled }: { readonly enabled: boolean }): void {
    const { change } = this
    change.datagrams += 1
    change.optionsRecords += result.optionsRecords
    change.heldSets += result.heldSets
    change.releasedSets += result.releasedSets
    change.malformedSets += result.malformedSets
    change.implausibleTimes += result.implausibleTimes
    if (!enabled) return
    change.flowRecords += result.flowRecords
    change.flowsWithoutRate += result.flowsWithoutRate
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
