/** All streams: finds the stream of a message, and lists the streams that have changed. */

import { MAX_STREAMS_PER_EXPORTER } from '../netflow/limits.ts'
import { createMemoryRooms } from '../netflow/memory/memory-room.ts'
import type { StreamMemory } from '../netflow/memory/stream-memory.ts'
import { type StreamKey, streamKeyText } from '../netflow/stream-key.ts'
import type { StreamSequenceState } from '../sequence/stream-sequence.ts'
import type { Exporter } from './exporter-registry.ts'
import { parseAddress } from './ip-address.ts'
import type { RestoredMemory } from './restored-memory.ts'
import { type StoredSequence, Stream } from './stream.ts'

/** A stream as the database holds it. */
export interface StoredStream {
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
  /** The result of `StreamSequence.toState`. */
  readonly sequenceState: unknown
  /** Unix milliseconds. */
  readonly systemInitMs?: number | null
  readonly systemInitEstimateMs?: number | null
  readonly suggestedByteOrder?: string | null
  /** Unix microseconds. */
  readonly totalsForgottenMicros?: number | null
  /** Unix microseconds. */
  readonly mixedTemplatesMicros?: number | null
}

/** Names a stream within its exporter. */
type KeyWithinExporter = Omit<StreamKey, 'exporter'>

/** The facts about an exporter that its streams need. */
type StreamExporter = Pick<Exporter, 'address' | 'bytes'>

/** Why a message has no stream: its exporter has too many, or all exporters together. */
type StreamRefusal = 'too-many-streams' | 'too-many-streams-in-all'

/**
 * Streams of all exporters together, as spoofed addresses could create any number. One takes 14 KB
 * once it is followed: 230 MB in all.
 */
export const MAX_STREAMS = 16_384

function hasOpenHoles(state: unknown): boolean {
  const { holes, series, ports } = (state ?? {}) as Partial<StreamSequenceState>
  if ((holes?.length ?? 0) > 0 || series?.some(hasOpenHoles)) return true
  return (ports ?? []).some(([, port]) => hasOpenHoles(port))
}

export class Streams {
  readonly #rooms = createMemoryRooms()
  readonly #byExporter = new Map<string, Map<number, Stream>>()
  readonly #byMemory = new WeakMap<StreamMemory, Stream>()
  /** Streams from the database that were not heard since the start, the last heard at the end. */
  readonly #stored = new Map<string, StoredStream>()
  readonly #maxStreams: number
  #size = 0
  readonly #dirty = new Set<Stream>()
  readonly #memory: RestoredMemory | undefined

  /**
   * @param stored streams from the database, the last heard first; each is restored when it is heard
   * @param memory the memory of these streams
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

  /** The count of streams, those not heard since the start included. */
  get size(): number {
    return this.#size + this.#stored.size
  }

  /** Bytes of all stream memories, estimated. */
  get rememberedBytes(): number {
    return this.#rooms.templates.usedBytes + this.#rooms.names.usedBytes
  }

  /** How often a template, sampler or name found no room. */
  get memoryRefusals(): number {
    return this.#rooms.templates.refusals + this.#rooms.names.refusals
  }

  /** Finds or creates the stream of a message, or returns why there is none. */
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

  /** Makes room for one more stream: the longest silent of those not heard since the start goes. */
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
    if (stored?.sequenceState) stream.restoreSequence(stored.sequenceState as StoredSequence)
    const { shared } = stream.memory.options
    shared.systemInitMs = stored?.systemInitMs ?? Number.NaN
    shared.bootEstimateMs = stored?.systemInitEstimateMs ?? Number.NaN
    if (stored?.suggestedByteOrder === 'little') shared.samplers.suggestByteOrder()
    stream.memory.mixedTemplatesMicros = stored?.mixedTemplatesMicros ?? 0
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

  /** The count of streams that have changed since the last `takeDirty`. */
  get dirtyCount(): number {
    return this.#dirty.size
  }

  markDirty(stream: Stream): void {
    this.#dirty.add(stream)
  }

  /** Returns the streams that have changed since the last call. */
  takeDirty(): readonly Stream[] {
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    return dirty
  }
}
