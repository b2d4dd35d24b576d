/**
 * One stream: the memory that decoding needs, the sequence accounting, the clock skew, and the change
 * that the current batch has to write.
 */

import type { BatchChanges } from '../load/tables/batch-changes.ts'
import { emptyStreamChange, type StreamChange } from '../load/tables/exporter-streams.ts'
import type { DecodeResult } from '../netflow/decode-result.ts'
import type { ExporterBudget } from '../netflow/memory/exporter-budget.ts'
import type { MemoryRooms } from '../netflow/memory/memory-room.ts'
import { StreamMemory } from '../netflow/memory/stream-memory.ts'
import type { AddressedStreamKey } from '../netflow/stream-key.ts'
import type { MessageHeader } from '../netflow/versions/message-header.ts'
import type { ClaimedGap } from '../sequence/loss-account.ts'
import { type CountedUnit, countedUnit } from '../sequence/sequence-unit.ts'
import type { SequenceVerdict } from '../sequence/sequenced-datagram.ts'
import type { StreamSequenceState } from '../sequence/stored-sequence.ts'
import { StreamSequence } from '../sequence/stream-sequence.ts'
import { ClockSkew } from './clock-skew.ts'
import { GapRows, type StoredGapRows } from './gap-rows.ts'

/** How a message arrived. */
interface Arrival {
  readonly receivedAtMicros: number
  /** The time of the stream clock. */
  readonly nowMs: number
  readonly fingerprint: number
  readonly port: number
}

interface StreamOptions {
  /** Shared with the other streams. */
  readonly rooms?: MemoryRooms
  /** Shared with the other streams of the exporter. */
  readonly budget?: ExporterBudget
  /** Above the claims of an earlier stream of this key, which was forgotten. */
  readonly lastClaim?: number
}

/** The state of a stream in `stream_states`. */
export interface StoredSequence extends StreamSequenceState {
  readonly gapRows?: StoredGapRows
}

/** The changes that a batch has taken from a stream, for the metrics. */
interface TakenChange {
  readonly strays: number
  /** Losses that were taken back, by unit. */
  readonly retracted: readonly (readonly [unit: string, lost: number])[]
}

export class Stream {
  readonly key: AddressedStreamKey
  readonly memory: StreamMemory
  readonly sequence: StreamSequence
  readonly clockSkew = new ClockSkew()
  readonly #gapRows: GapRows
  #change: StreamChange | undefined
  /** Sequence counters that earlier batches have written. */
  readonly #written = { late: 0, duplicates: 0, restarts: 0, strays: 0 }
  readonly #writtenLosses = new Map<CountedUnit, number>()

  constructor(key: AddressedStreamKey, { rooms, budget, lastClaim = 0 }: StreamOptions = {}) {
    this.key = key
    this.memory = new StreamMemory(key, rooms, budget)
    this.sequence = new StreamSequence(key.exportVersion, lastClaim)
    this.#gapRows = new GapRows(key)
  }

  /** Continues from a stored state. */
  restoreSequence(state: StoredSequence): void {
    this.sequence.restore(state)
    if (state.gapRows) this.#gapRows.restore(state.gapRows)
  }

  /** Adds a declared gap to the changes of a batch. */
  addGap(gap: ClaimedGap, detectedAtMicros: number, { gaps }: BatchChanges): void {
    const row = this.#gapRows.add(gap, detectedAtMicros)
    if (row !== undefined) gaps.declared.push(row)
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
    { receivedAtMicros, nowMs, fingerprint, port }: Arrival,
  ): SequenceVerdict {
    const wallMs = receivedAtMicros / 1000
    this.clockSkew.observe(wallMs, header.exportMicros / 1000)
    for (const released of result.releases) this.sequence.release(released)
    const datagram = {
      sequence: header.sequence,
      dataRecords: result.dataRecords,
      optionsRecords: result.optionsRecords - result.releasedOptions,
      templateRecords: result.templateRecords,
      dataSets: result.decodedSets + result.waitingSets + result.refusedDataSets,
      undecodedSets: result.waitingSets + result.uncountedSets,
      receivedAtMs: nowMs,
      wallMs,
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
    change.trailingBytes += result.trailingBytes
    change.refusedSets += result.refusedSets
    change.implausibleTimes += result.implausibleTimes
    if (!enabled) return
    change.flowRecords += result.flowRecords
    change.flowsWithoutRate += result.flowsWithoutRate
  }

  /**
   * Adds what has changed since the last batch to the changes of this one.
   *
   * @param clockOffsetMs how far the host's clock is ahead of the stream clock: a writer that starts
   *   again begins with the host's
   */
  takeChanges(changes: BatchChanges, clockOffsetMs = 0): TakenChange {
    const retracted = this.#takeGaps(changes)
    const losses = this.#takeLosses(changes)
    const change = this.#takeChange(clockOffsetMs)
    const lost = losses.get(countedUnit(this.sequence.unit)) ?? 0
    change.lost = this.sequence.lost === null ? null : lost
    changes.streams.push(change)
    return { strays: change.strays, retracted }
  }

  #takeGaps({ gaps }: BatchChanges): TakenChange['retracted'] {
    const retracted: (readonly [string, number])[] = []
    for (const claim of this.sequence.takeSettled()) this.#gapRows.settle(claim)
    for (const { id, losses } of this.sequence.takeRetracted()) {
      gaps.retractedClaims.push(this.#gapRows.retract(id))
      retracted.push(...Object.entries(losses))
    }
    const merged = this.#gapRows.takeMerged()
    gaps.merged.push(...merged.merged)
    gaps.retracted.push(...merged.retracted)
    return retracted
  }

  /** Returns the losses since the last batch, by unit. */
  #takeLosses(changes: BatchChanges): ReadonlyMap<CountedUnit, number> {
    const { exporter, exportVersion, observationDomain } = this.key
    const losses = new Map<CountedUnit, number>()
    for (const [unit, total] of this.sequence.losses) {
      const lost = total - (this.#writtenLosses.get(unit) ?? 0)
      if (lost === 0) continue
      this.#writtenLosses.set(unit, total)
      losses.set(unit, lost)
      changes.losses.push({ exporter, exportVersion, observationDomain, unit, lost })
    }
    return losses
  }

  /** Completes the change for its batch and begins a new one. */
  #takeChange(clockOffsetMs: number): StreamChange {
    const { change, sequence, memory } = this
    const { late, duplicates, restarts, strays } = sequence
    const written = this.#written
    change.late = late - written.late
    change.duplicates = duplicates - written.duplicates
    change.restarts = restarts - written.restarts
    change.strays = strays - written.strays
    Object.assign(written, { late, duplicates, restarts, strays })
    change.sequenceUnit = countedUnit(sequence.unit)
    change.nextSequence = sequence.next
    change.sequenceState = this.#stateText(clockOffsetMs)
    change.clockSkewMs = this.clockSkew.medianMs()
    change.lastTemplateMicros = memory.lastTemplateMicros || null
    const { systemInitMs, bootEstimateMs, samplers } = memory.options.shared
    change.systemInitMs = Number.isNaN(systemInitMs) ? null : systemInitMs
    change.systemInitEstimateMs = Number.isNaN(bootEstimateMs) ? null : bootEstimateMs
    change.suggestedByteOrder = samplers.suggestedByteOrder ?? null
    change.mixedTemplatesMicros = memory.mixedTemplatesMicros || null
    change.totalsForgottenMicros = memory.totals.forgottenMicros || null
    this.#change = undefined
    return change
  }

  /** Returns the state as JSON. */
  #stateText(clockOffsetMs: number): string {
    const json = this.sequence.toJson(clockOffsetMs)
    if (this.#gapRows.isNew) return json
    return `${json.slice(0, -1)},"gapRows":${JSON.stringify(this.#gapRows.toState())}}`
  }
}
