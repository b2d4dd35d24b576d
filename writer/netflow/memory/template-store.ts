/** Stores the templates of one stream. At a limit it forgets the least recently refreshed ones. */

import { MAX_FIELDS_PER_STREAM, MAX_TEMPLATES_PER_STREAM } from '../limits.ts'
import { OldestFirst } from './bounded-map.ts'
import type { KnownTemplate } from './known-template.ts'
import type { MemoryRoom } from './memory-room.ts'
import { type MapChanges, TrackedMap } from './tracked-map.ts'

/** The key of a template among those of its stream. */
export interface TemplateKey {
  readonly templateId: number
  /** 0: for every source port. */
  readonly sourcePort: number
}

const TEMPLATE_IDS = 0x1_0000

export class TemplateStore {
  readonly #known = new TrackedMap<number, KnownTemplate>(MAX_TEMPLATES_PER_STREAM)
  readonly #oldest = new OldestFirst(this.#known)
  readonly #room: MemoryRoom | undefined
  readonly #onForget: (known: KnownTemplate) => void
  #fieldCount = 0

  /**
   * @param room shared with the templates of other streams
   * @param onForget called for each template that is removed or replaced
   */
  constructor(room: MemoryRoom | undefined, onForget: (known: KnownTemplate) => void) {
    this.#room = room
    this.#onForget = onForget
  }

  get size(): number {
    return this.#known.size
  }

  get fieldCount(): number {
    return this.#fieldCount
  }

  get hasChanges(): boolean {
    return this.#known.hasChanges
  }

  all(): Iterable<KnownTemplate> {
    return this.#known.values()
  }

  get(id: number, sourcePort: number): KnownTemplate | undefined {
    return this.#known.get(sourcePort * TEMPLATE_IDS + id)
  }

  /**
   * Adds a template, or replaces the one with its key.
   *
   * @returns false if there is no room for it
   */
  put(known: KnownTemplate): boolean {
    const { id, fields } = known.template
    this.forget(id, known.sourcePort)
    if (!this.#makeRoom(fields.length)) return false
    this.#known.set(keyOf(known), known)
    this.#fieldCount += fields.length
    return true
  }

  /**
   * Adds a template that is written already.
   *
   * @returns false if there is no room for it
   */
  restore(known: KnownTemplate): boolean {
    const { fields } = known.template
    if (!this.#makeRoom(fields.length)) return false
    this.#known.restore(keyOf(known), known)
    this.#fieldCount += fields.length
    return true
  }

  /** Makes a template the most recently refreshed one. */
  renew(known: KnownTemplate): void {
    this.#known.renew(keyOf(known))
  }

  /** Notes that a template has changed in place. */
  touch(known: KnownTemplate): void {
    this.#known.touch(keyOf(known))
  }

  forget(id: number, sourcePort: number): void {
    const key = sourcePort * TEMPLATE_IDS + id
    const known = this.#known.get(key)
    if (known === undefined) return
    const fields = known.template.fields.length
    this.#known.delete(key)
    this.#fieldCount -= fields
    this.#room?.give(templateBytes(fields))
    this.#onForget(known)
  }

  /** Returns the changes since the last call; the caller has to write them. */
  takeChanges(): MapChanges<TemplateKey, KnownTemplate> {
    const { changed, removed } = this.#known.takeChanges()
    return {
      changed: changed.map(([key, known]) => [splitKey(key), known]),
      removed: removed.map(splitKey),
    }
  }

  #makeRoom(fields: number): boolean {
    while (
      this.#known.size >= MAX_TEMPLATES_PER_STREAM ||
      this.#fieldCount + fields > MAX_FIELDS_PER_STREAM
    ) {
      if (!this.#forgetOldest()) break
    }
    const room = this.#room
    if (!room) return true
    while (!room.take(templateBytes(fields))) {
      if (this.#forgetOldest()) continue
      room.refuse()
      return false
    }
    return true
  }

  #forgetOldest(): boolean {
    const key = this.#oldest.next()
    if (key === undefined) return false
    const { templateId, sourcePort } = splitKey(key)
    this.forget(templateId, sourcePort)
    return true
  }
}

/** Estimates the memory of a template in use; measured: 7.6 KB with 25 fields, 37 KB with 300. */
function templateBytes(fields: number): number {
  return 5_000 + fields * 110
}

function keyOf({ template, sourcePort }: KnownTemplate): number {
  return sourcePort * TEMPLATE_IDS + template.id
}

function splitKey(key: number): TemplateKey {
  return { templateId: key % TEMPLATE_IDS, sourcePort: Math.floor(key / TEMPLATE_IDS) }
}
