/** Finds the stream of a message, and keeps those that have something to be written down. */

import { MAX_STREAMS_PER_EXPORTER } from '../netflow/limits.ts'
import { createMemoryRooms } from '../netflow/memory/memory-room.ts'
import type { StreamMemory } from '../netflow/memory/stream-memory.ts'
import { type StreamKey, streamKeyText } from '../netflow/stream-key.ts'
import type { StreamSequenceState } from '../sequence/stream-sequence.ts'
import type { Exporter } from './exporter-registry.ts'
import { parseAddress } from './ip-address.ts'
import type { RestoredMemory } from './restored-memory.ts'
import { Stream } from './stream.ts'

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
type KeyWithinExporter = Omit<StreamKey, 'exporter'>

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
  readonly #byExporter = new Map<string, Map<number, Stream>>()
  readonly #byMemory = new WeakMap<StreamMemory, Stream>()
  /** Those of before that were not heard again, the one heard last at the end. */
  readonly #stored = new Map<string, StoredStream>()
  readonly #maxStreams: number
  #size = 0
  readonly #dirty = new Set<Stream>()
  readonly #memory: RestoredMemory | undefined

  /**
   * @param stored streams of before, the one heard last first; each is restored when it is heard
   * @param memory what their exporters had said
   */
  constructor(
    stored: readonly StoredStream[],
    memory?: RestoredMemory,
    maxStreams: number = MAX_STREAMS,
  ) {
    this.#memory = memory
    this.#maxStreams = maxStreams
    for (const stream of stored.toReversed()) this.#stored.set(streamKeyText(stream), stream)
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
  find(exporter: StreamExporter, header: KeyWithinExporter): Stream | StreamRefusal {
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
    const isStored = this.#stored.has(streamKeyText({ exporter: exporter.address, ...header }))
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
    { exportVersion, observationDomain }: KeyWithinExporter,
  ): Stream {
    const key = {
      exporter: exporter.address,
      exporterBytes: exporter.bytes,
      exportVersion,
      observationDomain,
    }
    const keyText = streamKeyText(key)
    const stream = new Stream(key, this.#rooms)
    const stored = this.#stored.get(keyText)
    if (stored?.sequenceState) stream.sequence.restore(stored.sequenceState as StreamSequenceState)
    stream.memory.systemInitMs = stored?.systemInitMs ?? Number.NaN
    stream.memory.bootEstimateMs = stored?.systemInitEstimateMs ?? Number.NaN
    if (stored?.suggestedByteOrder === 'little') stream.memory.samplers.suggestByteOrder()
    stream.memory.totals.forgottenMicros = stored?.totalsForgottenMicros ?? 0
    this.#stored.delete(keyText)
    this.#memory?.restore(stream.memory)
    this.#byMemory.set(stream.memory, stream)
    return stream
  }

  /** Finds the stream that a held set belongs to. */
  of(memory: StreamMemory): Stream | undefined {
    return this.#byMemory.get(memory)
  }

  *all(): Iterable<Stream> {
    for (const streams of this.#byExporter.values()) yield* streams.values()
  }

  /** How many streams have changed since they were taken last. */
  get dirtyCount(): number {
    return this.#dirty.size
  }

  markDirty(stream: Stream): void {
    this.#dirty.add(stream)
  }

  /** Gives the streams that have changed since the last call. */
  takeDirty(): readonly Stream[] {
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    return dirty
  }
}
