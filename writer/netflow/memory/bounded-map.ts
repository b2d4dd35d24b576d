/** Maps and sets that lose their oldest entry in constant time. */

import type { MemoryRoom } from './memory-room.ts'

interface Keyed<Key> {
  keys(): IterableIterator<Key>
}

/**
 * Finds the oldest entry of a map or set again and again, while entries are removed. A new iterator
 * each time would step over the gaps of all removed entries: 100 µs with 130,000 entries. The
 * iterator is held weakly, because an idle one keeps removed entries alive.
 */
export class OldestFirst<Key> {
  readonly #entries: Keyed<Key>
  #keys: WeakRef<IterableIterator<Key>> | undefined

  constructor(entries: Keyed<Key>) {
    this.#entries = entries
  }

  /** Returns the oldest key, which the caller removes; undefined if there is none. */
  next(): Key | undefined {
    const oldest = (this.#keys?.deref() ?? this.#restart()).next()
    const first = oldest.done ? this.#restart().next() : oldest
    return first.done ? undefined : first.value
  }

  #restart(): IterableIterator<Key> {
    const keys = this.#entries.keys()
    this.#keys = new WeakRef(keys)
    return keys
  }
}

/** The cost of an entry in a shared room: a key and a name of usual length. */
const ENTRY_BYTES = 300

/** Shared by all maps that hold nothing: a stream has many, and most stay empty. */
const EMPTY: ReadonlyMap<unknown, unknown> = new Map()

/**
 * A map of at most `limit` entries: a new entry displaces the oldest one, also when the room that
 * it shares with other maps is full. If there is no older entry, the new one is not kept.
 */
export class BoundedMap<Key, Value> {
  readonly #limit: number
  readonly #room: MemoryRoom | undefined
  /** Created with the first entry. */
  #map: Map<Key, Value> | undefined
  #oldest: OldestFirst<Key> | undefined

  constructor(limit: number, room?: MemoryRoom) {
    this.#limit = limit
    this.#room = room
  }

  get size(): number {
    return this.#map === undefined ? 0 : this.#map.size
  }

  has(key: Key): boolean {
    return this.#map?.has(key) ?? false
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key)
  }

  keys(): MapIterator<Key> {
    return this.#entries.keys()
  }

  values(): MapIterator<Value> {
    return this.#entries.values()
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.#entries.entries()
  }

  get #entries(): ReadonlyMap<Key, Value> {
    return this.#map ?? (EMPTY as ReadonlyMap<Key, Value>)
  }

  set(key: Key, value: Value): this {
    this.#map ??= new Map()
    if (this.#map.has(key) || this.#makeRoom()) this.#map.set(key, value)
    return this
  }

  delete(key: Key): boolean {
    if (!this.#map?.delete(key)) return false
    this.#room?.give(ENTRY_BYTES)
    return true
  }

  /** Removes all entries, each as `delete` does. */
  clear(): void {
    for (const key of [...this.keys()]) this.delete(key)
  }

  #makeRoom(): boolean {
    const room = this.#room
    if (this.size >= this.#limit) this.#displace()
    if (!room || room.take(ENTRY_BYTES)) return true
    this.#displace()
    if (room.take(ENTRY_BYTES)) return true
    room.refuse()
    return false
  }

  #displace(): void {
    this.#oldest ??= new OldestFirst<Key>(this)
    const oldest = this.#oldest.next()
    if (oldest !== undefined) this.delete(oldest)
  }
}
