/** Finds the stream of a message, and keeps those that have something to be written down. */

import { parseAddress } from './exporters/address-bytes.ts'
import type { Exporter } from './exporters/exporter-registry.ts'
import type { StreamSequenceState } from './exporters/stream-sequence.ts'
import type { ExportStream } from './netflow/export-stream.ts'
import { MAX_STREAMS_PER_EXPORTER } from './netflow/limits.ts'
import { createMemoryRooms } from './netflow/memory-room.ts'
import type { StoredMemory } from './stored-memory.ts'
import { StreamState, streamKey } from './stream-state.ts'

/** A stream as it was written down before a restart of the writer. */
export interface StoredStream {
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
  /** What `StreamSequence.toState` gave. */
  readonly sequenceState: unknown
  /** Unix milliseconds. */
  readonly systemInitMs?: number | null
  readonly systemInitEstimateMs?: number | null
  readonly suggestedByteOrder?: string | null
  /** Unix microseconds. */
  readonly totalsForgottenMicros?: number | null
}

/** What names a stream within its exporter. */
export interface StreamHeader {
  readonly exportVersion: number
  readonly observationDomain: number
}

/** What a stream has to know of its exporter. */
export type StreamExporter = Pick<Exporter, 'address' | 'bytes'>

/** Why there is no stream for a message: too many of its exporter, or of all together. */
export type StreamRefusal = 'too-many-streams' | 'too-many-streams-in-all'

/**
 * Streams of all exporters together: spoofed addresses could make any number. One takes 12 KB once it
 * is followed, 200 MB in all.
 */
export const MAX_STREAMS = 16_384

function hasOpenHoles(state: unknown): boolean {
  const { holes, ports } = (state ?? {}) as Partial<StreamSequenceState>
  return (holes?.length ?? 0) > 0 || (ports ?? []).some(([, port]) => hasOpenHoles(port))
}

export class Streams {
  readonly #rooms = createMemoryRooms()
  readonly #byExporter = new Map<string, Map<number, StreamState>>()
  readonly #byDecoding = new WeakMap<ExportStream, StreamState>()
  /** Those of before that were not heard again, the one heard last at the end. */
  readonly #stored = new Map<string, StoredStream>()
  readonly #maxStreams: number
  #size = 0
  readonly #dirty = new Set<StreamState>()
  readonly #memory: StoredMemory | undefined

  /**
   * @param stored streams of before, the one heard last first; each is restored when it is heard
   * @param memory what their exporters had said
   */
  constructor(
    stored: readonly StoredStream[],
    memory?: StoredMemory,
    maxStreams: number = MAX_STREAMS,
  ) {
    this.#memory = memory
    this.#maxStreams = maxStreams
    for (const stream of stored.toReversed()) this.#stored.set(streamKey(stream), stream)
    for (const stream of stored) {
      if (hasOpenHoles(stream.sequenceState)) this.#restoreSilent(stream)
    }
  }

  /** A stream that has fallen silent still has to declare its open holes. */
  #restoreSilent(stored: StoredStream): void {
    const bytes = parseAddress(stored.exporter)
    if (bytes) this.find({ address: stored.exporter, bytes }, stored)
  }

  /** How many streams there are in memory, those of before included. */
  get size(): number {
    return this.#size + this.#stored.size
  }

  /** What they remember of their exporters, estimated. */
  get rememberedBytes(): number {
    return this.#rooms.templates.usedBytes + this.#rooms.names.usedBytes
  }

  /** How often there was no room for a template, sampler or name. */
  get memoryRefusals(): number {
    return this.#rooms.templates.refusals + this.#rooms.names.refusals
  }

  /** Finds or makes the stream, or says why there is none. */
  find(exporter: StreamExporter, header: StreamHeader): StreamState | StreamRefusal {
    const { exportVersion, observationDomain } = header
    let streams = this.#byExporter.get(exporter.address)
    if (!streams) {
      streams = new Map()
      this.#byExporter.set(exporter.address, streams)
    }
    const key = exportVersion * 0x1_0000_0000 + observationDomain
    const known = streams.get(key)
    if (known) return known
    if (streams.size >= MAX_STREAMS_PER_EXPORTER) return 'too-many-streams'
    const isStored = this.#stored.has(streamKey({ exporter: exporter.address, ...header }))
    if (!isStored && !this.#makeRoom()) return 'too-many-streams-in-all'
    const stream = this.#create(exporter, header)
    streams.set(key, stream)
    this.#size += 1
    return stream
  }

  /** Forgets the one of before that has been silent for longest, when there are too many. */
  #makeRoom(): boolean {
    if (this.size < this.#maxStreams) return true
    const oldest = this.#stored.keys().next()
    if (oldest.done) return false
    this.#stored.delete(oldest.value)
    this.#memory?.forget(oldest.value)
    return true
  }

  #create(
    exporter: StreamExporter,
    { exportVersion, observationDomain }: StreamHeader,
  ): StreamState {
    const identity = {
      exporter: exporter.address,
      exporterBytes: exporter.bytes,
      exportVersion,
      observationDomain,
    }
    const stream = new StreamState(identity, this.#rooms)
    const stored = this.#stored.get(stream.key)
    if (stored?.sequenceState) stream.sequence.restore(stored.sequenceState as StreamSequenceState)
    stream.decoding.systemInitMs = stored?.systemInitMs ?? Number.NaN
    stream.decoding.bootEstimateMs = stored?.systemInitEstimateMs ?? Number.NaN
    if (stored?.suggestedByteOrder === 'little') stream.decoding.samplers.suggestByteOrder()
    stream.decoding.totals.forgottenMicros = stored?.totalsForgottenMicros ?? 0
    this.#stored.delete(stream.key)
    this.#memory?.restore(stream.decoding)
    this.#byDecoding.set(stream.decoding, stream)
    return stream
  }

  /** Finds the stream that a held set belongs to. */
  of(decoding: ExportStream): StreamState | undefined {
    return this.#byDecoding.get(decoding)
  }

  *all(): Iterable<StreamState> {
    for (const streams of this.#byExporter.values()) yield* streams.values()
  }

  /** How many streams have changed since they were taken last. */
  get dirtyCount(): number {
    return this.#dirty.size
  }

  markDirty(stream: StreamState): void {
    this.#dirty.add(stream)
  }

  /** Gives the streams that have changed since the last call. */
  takeDirty(): readonly StreamState[] {
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    return dirty
  }
}
