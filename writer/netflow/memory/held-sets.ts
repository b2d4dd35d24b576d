/**
 * Data sets whose template is not known yet, kept until it arrives: bounded per exporter and in
 * total, the oldest out first. It decodes nothing.
 */

import type { MessageContext } from '../flow-record.ts'
import { HELD_SET_MAX_AGE_MICROS, MAX_HELD_BYTES, MAX_HELD_BYTES_PER_EXPORTER } from '../limits.ts'
import { OldestFirst } from './bounded-map.ts'
import type { StreamMemory } from './stream-memory.ts'

/** One held set with all that its records need to be decoded later. */
export interface HeldSet {
  readonly stream: StreamMemory
  readonly templateId: number
  /** Content of the set, without its header; an own copy. */
  readonly content: Buffer
  /** The message that it came in, with its own times. */
  readonly message: MessageContext
  /** Sequence number of that message. */
  readonly sequence: number
  readonly exportMicros: number
  /** NaN when the message has none. */
  readonly uptimeMs: number
  /** Source port of the message. */
  readonly sourcePort: number
}

/** What has to be written down of the held sets. */
interface HeldSetChanges {
  /** Sets that were put aside, with the ids to write them under; ids grow with the arrival. */
  readonly held: readonly { readonly id: number; readonly set: HeldSet }[]
  /** Ids of sets that were written down and are held no longer. */
  readonly gone: readonly number[]
}

/** What a held set costs beside its content; 310 to 480 bytes were measured. */
const OVERHEAD_BYTES = 500

/** The held sets of one exporter. */
class ExporterSets {
  readonly sets = new Set<HeldSet>()
  readonly oldest = new OldestFirst(this.sets)
  bytes = 0
}

/** All held sets of all streams, in the order of arrival. */
export class HeldSets {
  readonly #sets = new Set<HeldSet>()
  readonly #oldest = new OldestFirst(this.#sets)
  readonly #byTemplate = new Map<StreamMemory, Map<number, Set<HeldSet>>>()
  readonly #byExporter = new Map<string, ExporterSets>()
  /** Sets that nobody has written down yet, and the ids of the others. */
  readonly #unwritten = new Set<HeldSet>()
  readonly #ids = new Map<HeldSet, number>()
  readonly #gone: number[] = []
  #nextId = 1
  #unwrittenBytes = 0
  #bytes = 0

  get count(): number {
    return this.#sets.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of those that have yet to be written down. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes
  }

  /**
   * Keeps a set.
   *
   * @returns the sets that had to go to make room
   */
  hold(set: HeldSet): readonly HeldSet[] {
    this.#unwritten.add(set)
    this.#unwrittenBytes += cost(set)
    return this.#addWithinBounds(set)
  }

  /**
   * Takes a set back that was written down, in the order of ids.
   *
   * @returns the sets that had to go to make room
   */
  restore(id: number, set: HeldSet): readonly HeldSet[] {
    this.#nextId = Math.max(this.#nextId, id + 1)
    this.#ids.set(set, id)
    return this.#addWithinBounds(set)
  }

  /** Notes that a set was written down that can never be decoded. */
  discard(id: number): void {
    this.#nextId = Math.max(this.#nextId, id + 1)
    this.#gone.push(id)
  }

  /** Gives what has to be written down since the last call; the caller has to see to it. */
  takeChanges(): HeldSetChanges {
    const held = Array.from(this.#unwritten, (set) => ({ id: this.#nextId++, set }))
    for (const { id, set } of held) this.#ids.set(set, id)
    this.#unwritten.clear()
    this.#unwrittenBytes = 0
    return { held, gone: this.#gone.splice(0) }
  }

  #addWithinBounds(set: HeldSet): readonly HeldSet[] {
    this.#add(set)
    const evicted: HeldSet[] = []
    const own = this.#byExporter.get(set.stream.exporter)
    while (own && own.bytes > MAX_HELD_BYTES_PER_EXPORTER) this.#evictOldest(own.oldest, evicted)
    while (this.#bytes > MAX_HELD_BYTES) this.#evictOldest(this.#oldest, evicted)
    return evicted
  }

  /**
   * Gives up the sets that wait for a template, in the order of arrival.
   *
   * @param sourcePort only sets from there, when each port has templates of its own
   */
  release(stream: StreamMemory, templateId: number, sourcePort?: number): readonly HeldSet[] {
    const waiting = this.#byTemplate.get(stream)?.get(templateId)
    if (!waiting) return []
    const released = [...waiting].filter(
      (set) => sourcePort === undefined || set.sourcePort === sourcePort,
    )
    for (const set of released) this.#remove(set)
    return released
  }

  /** Gives up the sets that have waited too long at `nowMicros`. */
  expire(nowMicros: number): readonly HeldSet[] {
    const expired: HeldSet[] = []
    for (const set of this.#sets) {
      if (nowMicros - set.message.receivedAtMicros < HELD_SET_MAX_AGE_MICROS) break
      this.#remove(set)
      expired.push(set)
    }
    return expired
  }

  #add(set: HeldSet): void {
    const { stream, templateId } = set
    this.#sets.add(set)
    const templates = getOrCreate(this.#byTemplate, stream, () => new Map<number, Set<HeldSet>>())
    getOrCreate(templates, templateId, () => new Set<HeldSet>()).add(set)
    const own = getOrCreate(this.#byExporter, stream.exporter, () => new ExporterSets())
    own.sets.add(set)
    own.bytes += cost(set)
    this.#bytes += cost(set)
  }

  #remove(set: HeldSet): void {
    const { stream, templateId } = set
    this.#sets.delete(set)
    this.#bytes -= cost(set)
    this.#noteGone(set)
    const templates = this.#byTemplate.get(stream)
    const waiting = templates?.get(templateId)
    waiting?.delete(set)
    if (waiting?.size === 0) templates?.delete(templateId)
    if (templates?.size === 0) this.#byTemplate.delete(stream)
    const own = this.#byExporter.get(stream.exporter)
    if (!own) return
    own.sets.delete(set)
    own.bytes -= cost(set)
    if (own.sets.size === 0) this.#byExporter.delete(stream.exporter)
  }

  /** A set that was never written down leaves no trace. */
  #noteGone(set: HeldSet): void {
    if (this.#unwritten.delete(set)) {
      this.#unwrittenBytes -= cost(set)
      return
    }
    const id = this.#ids.get(set)
    this.#ids.delete(set)
    if (id !== undefined) this.#gone.push(id)
  }

  #evictOldest(oldest: OldestFirst<HeldSet>, evicted: HeldSet[]): void {
    const set = oldest.next()
    if (set === undefined) return
    this.#remove(set)
    evicted.push(set)
  }
}

function cost(set: HeldSet): number {
  return set.content.length + OVERHEAD_BYTES
}

function getOrCreate<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) {
    value = create()
    map.set(key, value)
  }
  return value
}
