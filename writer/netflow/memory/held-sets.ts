/**
 * Holds data sets until their template arrives. Their memory is bounded per exporter and in total;
 * the oldest sets go first.
 */

import type { MessageContext } from '../flow-record.ts'
import { HELD_SET_MAX_AGE_MICROS, MAX_HELD_BYTES, MAX_HELD_BYTES_PER_EXPORTER } from '../limits.ts'
import { OldestFirst } from './bounded-map.ts'
import type { StreamMemory } from './stream-memory.ts'

/** One held set, with everything that its records need to be decoded later. */
export interface HeldSet {
  readonly stream: StreamMemory
  readonly templateId: number
  /** A copy of the set's content, without its header. */
  readonly content: Buffer
  /** The message that carried the set, with its own times. */
  readonly message: MessageContext
  /** Sequence number of that message. */
  readonly sequence: number
  readonly exportMicros: number
  /** NaN when the message has none. */
  readonly uptimeMs: number
  /** Source port of the message. */
  readonly sourcePort: number
}

/** Changes of the held sets that have yet to be written. */
interface HeldSetChanges {
  /** New held sets with the ids of their rows; ids grow with arrival. */
  readonly held: readonly { readonly id: number; readonly set: HeldSet }[]
  /** Ids of written sets that are no longer held. */
  readonly gone: readonly number[]
}

/** The cost of a held set besides its content; measured: 310 to 480 bytes. */
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
  /** Sets that have yet to be written, and the ids of the others. */
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

  /** Bytes of the sets that have yet to be written. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes
  }

  /**
   * Holds a set.
   *
   * @returns the sets that were evicted to make room
   */
  hold(set: HeldSet): readonly HeldSet[] {
    this.#unwritten.add(set)
    this.#unwrittenBytes += cost(set)
    return this.#addWithinBounds(set)
  }

  /**
   * Restores a set from its row; the caller restores rows in the order of their ids.
   *
   * @returns the sets that were evicted to make room
   */
  restore(id: number, set: HeldSet): readonly HeldSet[] {
    this.#nextId = Math.max(this.#nextId, id + 1)
    this.#ids.set(set, id)
    return this.#addWithinBounds(set)
  }

  /** Marks the row of a set that can never be decoded as gone. */
  discard(id: number): void {
    this.#nextId = Math.max(this.#nextId, id + 1)
    this.#gone.push(id)
  }

  /** Returns the changes since the last call; the caller has to write them. */
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
   * Removes and returns the sets that wait for a template, in the order of arrival.
   *
   * @param isFor whether the template is in force for a source port; default: for all
   */
  release(
    stream: StreamMemory,
    templateId: number,
    isFor: (sourcePort: number) => boolean = () => true,
  ): readonly HeldSet[] {
    const waiting = this.#byTemplate.get(stream)?.get(templateId)
    if (!waiting) return []
    const released = [...waiting].filter(({ sourcePort }) => isFor(sourcePort))
    for (const set of released) this.#remove(set)
    return released
  }

  /** Removes and returns the sets that have waited too long at `nowMicros`. */
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

  /** Notes that a set is gone; a set that was never written has no row. */
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
