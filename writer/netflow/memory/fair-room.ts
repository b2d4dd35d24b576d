/**
 * Room that many holders share. When it is full, the largest holder loses its oldest item, so no
 * holder loses an item to a larger one.
 */

import { OldestFirst } from './bounded-map.ts'

/** Sizes between two powers of two fall into this many steps: holders of one step are equal. */
const STEPS_PER_OCTAVE = 8
const STEPS = 32 * STEPS_PER_OCTAVE

/** The items of one holder, the oldest first. */
class Holder<Item> {
  readonly sizes = new Map<Item, number>()
  readonly oldest = new OldestFirst<Item>(this.sizes)
  bytes = 0
}

export class FairRoom<Item> {
  readonly #holders = new Map<string, Holder<Item>>()
  /** Holders by size; sparse. */
  readonly #bySize: (Set<Holder<Item>> | undefined)[] = []
  #bytes = 0

  /** Bytes of all items. */
  get bytes(): number {
    return this.#bytes
  }

  bytesOf(holder: string): number {
    return this.#holders.get(holder)?.bytes ?? 0
  }

  /** Adds an item, or changes its size. An item of no size is removed. */
  put(name: string, item: Item, bytes: number): void {
    const known = this.#holders.get(name)
    if (known === undefined && bytes === 0) return
    const holder = known ?? new Holder<Item>()
    const before = holder.sizes.get(item) ?? 0
    if (bytes === before) return
    if (bytes === 0) holder.sizes.delete(item)
    else holder.sizes.set(item, bytes)
    this.#bytes += bytes - before
    this.#resize(holder, holder.bytes + bytes - before)
    if (known === undefined) this.#holders.set(name, holder)
    else if (holder.sizes.size === 0) this.#holders.delete(name)
  }

  /** Removes an item. */
  remove(name: string, item: Item): void {
    this.put(name, item, 0)
  }

  /** Returns the oldest item of a holder, which the caller removes; undefined if there is none. */
  oldestOf(name: string): Item | undefined {
    return this.#holders.get(name)?.oldest.next()
  }

  /**
   * Returns the oldest item of the largest holder, which the caller removes.
   *
   * @param sender the holder that loses an item if it is among the largest
   */
  next(sender: string): Item | undefined {
    const largest = this.#bySize.findLast((holders) => holders !== undefined && holders.size > 0)
    if (largest === undefined) return undefined
    const own = this.#holders.get(sender)
    const [first] = largest
    return (own !== undefined && largest.has(own) ? own : first)?.oldest.next()
  }

  #resize(holder: Holder<Item>, bytes: number): void {
    const before = stepOf(holder.bytes)
    const after = stepOf(bytes)
    holder.bytes = bytes
    if (before === after) return
    if (before !== undefined) this.#bySize[before]?.delete(holder)
    if (after === undefined) return
    const holders = this.#bySize[after] ?? new Set()
    this.#bySize[after] = holders.add(holder)
  }
}

function stepOf(bytes: number): number | undefined {
  if (bytes === 0) return undefined
  return Math.min(STEPS - 1, Math.floor(Math.log2(bytes) * STEPS_PER_OCTAVE))
}
