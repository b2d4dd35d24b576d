/**
 * All streams: finds the stream of a message, and lists the streams that have changed. Their number
 * is bounded: the stream that has been silent for longest makes room for a new one. Streams that were
 * heard only once go first, so that a flood of spoofed ones displaces its own.
 */

import { MAX_STREAMS_PER_EXPORTER } from '../netflow/limits.ts'
import { ExporterBudget } from '../netflow/memory/exporter-budget.ts'
import { FairRoom } from '../netflow/memory/fair-room.ts'
import { type Heard, HeardOrder, oldestOf } from '../netflow/memory/heard-order.ts'
import { createMemoryRooms } from '../netflow/memory/memory-room.ts'
import type { StreamMemory } from '../netflow/memory/stream-memory.ts'
import { type StreamKey, streamKeyText } from '../netflow/stream-key.ts'
import type { StreamSequenceState } from '../sequence/stored-sequence.ts'
import type { Exporter } from './exporter-registry.ts'
import { parseAddress } from './ip-address.ts'
import type { RestoredMemory } from './restored-memory.ts'
import { SequenceRoom } from './sequence-room.ts'
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

/** The facts about a message that finding its stream needs. */
type StreamHeader = KeyWithinExporter & { readonly isShort?: boolean }

/** The facts about an exporter that its streams need. */
type StreamExporter = Pick<Exporter, 'address' | 'bytes'>

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

/** The streams of one exporter. */
interface ExporterStreams {
  /** By version and observation domain. */
  readonly byKey: Map<number, Heard<Stream>>
  /**
   * Running totals last sent up to this time were forgotten with their streams, Unix microseconds;
   * 0: none was.
   */
  forgottenMicros: number
  readonly budget: ExporterBudget
}

export class Streams {
  readonly #rooms = createMemoryRooms()
  readonly #byExporter = new Map<string, ExporterStreams>()
  /** Streams that were heard more than once. */
  readonly #order = new HeardOrder<Stream>()
  /** Streams that were heard once, each of size 1. */
  readonly #once = new FairRoom<Heard<Stream>>()
  /** Streams that have made room since the last `takeLeaving`, by the text of their keys. */
  readonly #leaving = new Map<string, Stream>()
  readonly #byMemory = new WeakMap<StreamMemory, Stream>()
  /** Streams from the database that were not heard since the start, the last heard at the end. */
  readonly #stored = new Map<string, StoredStream>()
  readonly #sequenceRoom = new SequenceRoom()
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

  /** The number of streams, those not heard since the start included. */
  get size(): number {
    return this.#size + this.#stored.size
  }

  /** Bytes of all stream memories, estimated. */
  get rememberedBytes(): number {
    return this.#rooms.templates.usedBytes + this.#rooms.names.usedBytes
  }

  /** Bytes of all sequences beyond a simple one for each stream, estimated. */
  get sequenceBytes(): number {
    return this.#sequenceRoom.bytes
  }

  /** How often a template, sampler or name found no room. */
  get memoryRefusals(): number {
    return this.#rooms.templates.refusals + this.#rooms.names.refusals
  }

  /**
   * Finds or creates the stream of a message, which is heard now.
   *
   * @param nowMicros a new stream numbers its claims from it, above those of an earlier stream
   * @param nowMs the time of the stream clock
   * @returns undefined when its exporter begins too many streams, or sends too many empty messages
   */
  find(
    exporter: StreamExporter,
    header: StreamHeader,
    nowMicros = 0,
    nowMs = 0,
  ): Stream | undefined {
    const { exportVersion, observationDomain } = header
    const own = this.#streamsOf(exporter.address)
    own.budget.arrive(nowMs)
    if (header.isShort && !own.budget.has('emptyMessages')) return undefined
    const key = exportVersion * 0x1_0000_0000 + observationDomain
    const known = own.byKey.get(key)
    if (known) {
      if (known.at === 0) this.#once.remove(exporter.address, known)
      this.#order.touch(known)
      return known.item
    }
    const keyText = streamKeyText({ exporter: exporter.address, exportVersion, observationDomain })
    const left = this.#leaving.get(keyText)
    const isNew = left === undefined && !this.#stored.has(keyText)
    if (isNew && !own.budget.spend('streams')) return undefined
    this.#makeRoom(exporter.address, own, keyText)
    this.#leaving.delete(keyText)
    const stream = left ?? this.#create(exporter, { exportVersion, observationDomain }, nowMicros)
    const heard = this.#order.place(stream)
    own.byKey.set(key, heard)
    this.#once.put(exporter.address, heard, 1)
    this.#size += 1
    return stream
  }

  #streamsOf(address: string): ExporterStreams {
    const known = this.#byExporter.get(address)
    if (known) return known
    const own = { byKey: new Map(), forgottenMicros: 0, budget: new ExporterBudget() }
    this.#byExporter.set(address, own)
    return own
  }

  /**
   * Makes room for one more stream: the longest silent of its exporter goes, or of all. Of streams
   * that were heard once, it is one of the exporter that has the most.
   */
  #makeRoom(address: string, own: ExporterStreams, keyText: string): void {
    if (own.byKey.size >= MAX_STREAMS_PER_EXPORTER) {
      this.#leave(oldestOf(own.byKey.values()))
      return
    }
    if (this.size < this.#maxStreams || this.#stored.has(keyText)) return
    const oldest = this.#stored.keys().next()
    if (oldest.done) this.#leave(this.#once.next(address) ?? this.#order.oldest)
    else {
      this.#stored.delete(oldest.value)
      this.#memory?.forget(oldest.value)
    }
  }

  #leave(heard: Heard<Stream> | undefined): void {
    if (heard === undefined) return
    const { item: stream } = heard
    const { exporter, exportVersion, observationDomain } = stream.key
    if (heard.at === 0) this.#once.remove(exporter, heard)
    else this.#order.remove(heard)
    this.#byExporter.get(exporter)?.byKey.delete(exportVersion * 0x1_0000_0000 + observationDomain)
    this.#size -= 1
    this.#leaving.set(streamKeyText(stream.key), stream)
    this.#dirty.add(stream)
  }

  /**
   * Returns the streams that have made room since the last call. The caller forgets them before
   * `takeDirty`, which returns them for the last time.
   */
  takeLeaving(): readonly Stream[] {
    if (this.#leaving.size === 0) return []
    const leaving = [...this.#leaving.values()]
    this.#leaving.clear()
    return leaving
  }

  /** Notes that a stream has been forgotten, with its running totals. */
  noteForgotten(stream: Stream): void {
    const { key, memory } = stream
    this.#sequenceRoom.forget(stream)
    const own = this.#byExporter.get(key.exporter)
    if (own === undefined) return
    own.forgottenMicros = Math.max(own.forgottenMicros, memory.totals.forgottenMicros)
  }

  #create(
    exporter: StreamExporter,
    { exportVersion, observationDomain }: KeyWithinExporter,
    nowMicros: number,
  ): Stream {
    const key = {
      exporter: exporter.address,
      exporterBytes: exporter.bytes,
      exportVersion,
      observationDomain,
    }
    const keyText = streamKeyText(key)
    const { budget, forgottenMicros } = this.#streamsOf(key.exporter)
    const stream = new Stream(key, { rooms: this.#rooms, budget, lastClaim: nowMicros })
    const stored = this.#stored.get(keyText)
    if (stored?.sequenceState) stream.restoreSequence(stored.sequenceState as StoredSequence)
    const { shared } = stream.memory.options
    shared.systemInitMs = stored?.systemInitMs ?? Number.NaN
    shared.bootEstimateMs = stored?.systemInitEstimateMs ?? Number.NaN
    if (stored?.suggestedByteOrder === 'little') shared.samplers.suggestByteOrder()
    stream.memory.mixedTemplatesMicros = stored?.mixedTemplatesMicros ?? 0
    stream.memory.totals.forgottenMicros = stored?.totalsForgottenMicros ?? forgottenMicros
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
    for (const { byKey } of this.#byExporter.values()) {
      for (const { item } of byKey.values()) yield item
    }
  }

  /** The number of streams that have changed since the last `takeDirty`. */
  get dirtyCount(): number {
    return this.#dirty.size
  }

  markDirty(stream: Stream): void {
    this.#dirty.add(stream)
  }

  /**
   * Bounds the sequences of the streams that have changed.
   *
   * @returns the streams that were trimmed; they have changed, too
   */
  boundSequences(): readonly Stream[] {
    const trimmed: Stream[] = []
    for (const stream of [...this.#dirty]) {
      for (const one of this.#sequenceRoom.measure(stream)) {
        this.#dirty.add(one)
        trimmed.push(one)
      }
    }
    return trimmed
  }

  /** Returns the streams that have changed since the last call. */
  takeDirty(): readonly Stream[] {
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    return dirty
  }
}
