/**
 * Maps and sets that lose their oldest entry in constant time. It decides nothing about what is
 * kept beyond the order of arrival.
 */

import type { MemoryRoom } from './memory-room.ts'

interface Keyed<Key> {
  keys(): IterableIterator<Key>
}

/**
 * Walks through a map or set from the oldest entry on, as entries are taken out. A fresh iterator
 * each time would step over the gaps of all that went before: 100 µs with 130,000 entries. The
 * iterator is held weakly: one that rests keeps alive whatever has been taken out since.
 */
export class OldestFirst<Key> {
  readonly #entries: Keyed<Key>
  #keys: WeakRef<IterableIterator<Key>> | undefined

  constructor(entries: Keyed<Key>) {
    this.#entries = entries
  }

  /** Gives the oldest key, which the caller takes out; undefined when there is none. */
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

/** What an entry costs of a shared room: a name of usual length with its key. */
const ENTRY_BYTES = 300

/**
 * A map of at most `limit` entries: a new one displaces the oldest. So it does when the room is used up
 * that it shares with other maps; where there is no oldest, the new one is not kept.
 */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #limit: number
  readonly #room: MemoryRoom | undefined
  readonly #oldest = new OldestFirst<Key>(this)

  constructor(limit: number, room?: MemoryRoom) {
    super()
    this.#limit = limit
    this.#room = room
  }

  override set(key: Key, value: Value): this {
    if (!this.has(key) && !this.#makeRoom()) return this
    return super.set(key, value)
  }

  override delete(key: Key): boolean {
    if (!super.delete(key)) return false
    this.#room?.give(ENTRY_BYTES)
    return true
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
    const oldest = this.#oldest.next()
    if (oldest !== undefined) this.delete(oldest)
  }
}
