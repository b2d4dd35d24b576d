/**
 * A bounded map that knows which of its entries have yet to be written down, so that what an
 * exporter said survives a restart. It writes nothing itself.
 */

import { BoundedMap } from './bounded-map.ts'

/** What has to be written down of a map. */
export interface MapChanges<Key, Value> {
  /** Entries that are new or other than they were. */
  readonly changed: readonly (readonly [Key, Value])[]
  /** Keys of entries that were written down and are gone. */
  readonly removed: readonly Key[]
}

export class TrackedMap<Key, Value> extends BoundedMap<Key, Value> {
  // Most maps stay empty: a stream has many of them.
  #changed: Set<Key> | undefined
  #written: Set<Key> | undefined

  /** Tells whether there is anything to be written down. */
  get hasChanges(): boolean {
    return this.#changed !== undefined && this.#changed.size > 0
  }

  /** Sets an entry; one that is the same as before needs no writing. */
  override set(key: Key, value: Value): this {
    const before = this.get(key)
    super.set(key, value)
    // There may have been no room for it.
    if (before !== value && this.has(key)) this.#noteChange(key)
    return this
  }

  /** Removes an entry; one that was never written down leaves no trace. */
  override delete(key: Key): boolean {
    if (!super.delete(key)) return false
    if (this.#written?.has(key)) this.#noteChange(key)
    else this.#changed?.delete(key)
    return true
  }

  /** Sets an entry that is written down already. */
  restore(key: Key, value: Value): void {
    super.set(key, value)
    if (!this.has(key)) return
    this.#written ??= new Set()
    this.#written.add(key)
  }

  /** Notes that the value of `key` has changed within. */
  touch(key: Key): void {
    if (this.has(key)) this.#noteChange(key)
  }

  /** Makes an entry the youngest one; nothing of it changes. */
  renew(key: Key): void {
    const value = this.get(key)
    if (value === undefined) return
    super.delete(key)
    super.set(key, value)
  }

  /** Gives what has to be written down since the last call; the caller has to see to it. */
  takeChanges(): MapChanges<Key, Value> {
    if (this.#changed === undefined) return { changed: [], removed: [] }
    const changed: (readonly [Key, Value])[] = []
    const removed: Key[] = []
    this.#written ??= new Set()
    for (const key of this.#changed) {
      const value = this.get(key)
      if (value === undefined) {
        this.#written.delete(key)
        removed.push(key)
      } else {
        this.#written.add(key)
        changed.push([key, value])
      }
    }
    this.#changed = undefined
    return { changed, removed }
  }

  #noteChange(key: Key): void {
    this.#changed ??= new Set()
    this.#changed.add(key)
  }
}
