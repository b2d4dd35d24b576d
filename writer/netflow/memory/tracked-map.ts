/**
 * A bounded map that tracks the entries that have yet to be written, so that an exporter's
 * announcements survive a restart.
 */

import { BoundedMap } from './bounded-map.ts'

/** Changes of a map that have yet to be written. */
export interface MapChanges<Key, Value> {
  /** New and changed entries. */
  readonly changed: readonly (readonly [Key, Value])[]
  /** Keys of written entries that were removed. */
  readonly removed: readonly Key[]
}

export class TrackedMap<Key, Value> extends BoundedMap<Key, Value> {
  // Created on first use: a stream has many maps, and most stay empty.
  #changed: Set<Key> | undefined
  #written: Set<Key> | undefined

  /** Whether any change has yet to be written. */
  get hasChanges(): boolean {
    return this.#changed !== undefined && this.#changed.size > 0
  }

  /** Sets an entry; an equal value is not a change. */
  override set(key: Key, value: Value): this {
    const before = this.get(key)
    super.set(key, value)
    // The room may have been full.
    if (before !== value && this.has(key)) this.#noteChange(key)
    return this
  }

  /** Removes an entry; an entry that was never written leaves no change. */
  override delete(key: Key): boolean {
    if (!super.delete(key)) return false
    if (this.#written?.has(key)) this.#noteChange(key)
    else this.#changed?.delete(key)
    return true
  }

  /** Sets an entry that is already written. */
  restore(key: Key, value: Value): void {
    super.set(key, value)
    if (!this.has(key)) return
    this.#written ??= new Set()
    this.#written.add(key)
  }

  /** Notes that the value of `key` has changed in place. */
  touch(key: Key): void {
    if (this.has(key)) this.#noteChange(key)
  }

  /** Makes an entry the youngest one; this is not a change. */
  renew(key: Key): void {
    const value = this.get(key)
    if (value === undefined) return
    super.delete(key)
    super.set(key, value)
  }

  /** Returns the changes since the last call; the caller has to write them. */
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
