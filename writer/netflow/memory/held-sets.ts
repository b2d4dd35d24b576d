/**
 * Holds data sets until their template arrives. Their memory is bounded per exporter and in total.
 * At its own bound an exporter loses its oldest set; at the common one, the largest holder does.
 */

import type { MessageContext } from '../flow-record.ts'
import { HELD_SET_MAX_AGE_MICROS, MAX_HELD_BYTES, MAX_HELD_BYTES_PER_EXPORTER } from '../limits.ts'
import { FairRoom } from './fair-room.ts'
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

/** All held sets of all streams, in the order of arrival. */
export class HeldSets {
  readonly #sets = new Set<HeldSet>()
  readonly #byTemplate = new Map<StreamMemory, Map<number, Set<HeldSet>>>()
  /** Shared by the exporters. */
  readonly #room = new FairRoom<HeldSet>()
  /** Sets that have yet to be written, and the ids of the others. */
  readonly #unwritten = new Set<HeldSet>()
  readonly #ids = new Map<HeldSet, number>()
  readonly #gone: number[] = []
  #nextId = 1
  #unwrittenBytes = 0

  get count(): number {
    return this.#sets.size
  }

  get bytes(): number {
    return this.#room.bytes
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

  /** Marks a row as gone, because its set can never be decoded. */
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
    const room = this.#room
    const { exporter } = set.stream
    while (room.bytesOf(exporter) > MAX_HELD_BYTES_PER_EXPORTER) {
      this.#evict(room.oldestOf(exporter), evicted)
    }
    while (room.bytes > MAX_HELD_BYTES) this.#evict(room.next(exporter), evicted)
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

  /** Removes and returns the sets of a stream that is forgotten. */
  removeOf(stream: StreamMemory): readonly HeldSet[] {
    const sets = [...(this.#byTemplate.get(stream)?.values() ?? [])].flatMap((some) => [...some])
    for (const set of sets) this.#remove(set)
    return sets
  }

  #add(set: HeldSet): void {
    const { stream, templateId } = set
    this.#sets.add(set)
    const templates = getOrCreate(this.#byTemplate, stream, () => new Map<number, Set<HeldSet>>())
    getOrCreate(templates, templateId, () => new Set<HeldSet>()).add(set)
    this.#room.put(stream.exporter, set, cost(set))
  }

  #remove(set: HeldSet): void {
    const { stream, templateId } = set
    this.#sets.delete(set)
    this.#room.remove(stream.exporter, set)
    this.#noteGone(set)
    const templates = this.#byTemplate.get(stream)
    const waiting = templates?.get(templateId)
    waiting?.delete(set)
    if (waiting?.size === 0) templates?.delete(templateId)
    if (templates?.size === 0) this.#byTemplate.delete(stream)
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

  #evict(set: HeldSet | undefined, evicted: HeldSet[]): void {
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
