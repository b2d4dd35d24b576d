/**
 * Orders items by the last time that they were heard. It is a linked list: a step for each datagram
 * must be cheap.
 */

/** An item's place in the order. The list alone changes it. */
export interface Heard<Item> {
  readonly item: Item
  /** Grows with each item that is heard; 0: not in the order yet. */
  at: number
  older: Heard<Item> | undefined
  newer: Heard<Item> | undefined
}

export class HeardOrder<Item> {
  #oldest: Heard<Item> | undefined
  #newest: Heard<Item> | undefined
  #count = 0

  /** The item that has been silent for longest. */
  get oldest(): Heard<Item> | undefined {
    return this.#oldest
  }

  /** Makes a place for an item that is not in the order yet. */
  place(item: Item): Heard<Item> {
    return { item, at: 0, older: undefined, newer: undefined }
  }

  /** Adds an item, which is heard now. */
  add(item: Item): Heard<Item> {
    const heard = this.place(item)
    this.#append(heard)
    return heard
  }

  /** Notes that an item is heard: again, or for the first time. */
  touch(heard: Heard<Item>): void {
    if (heard === this.#newest) return
    if (heard.at > 0) this.remove(heard)
    this.#append(heard)
  }

  remove(heard: Heard<Item>): void {
    const { older, newer } = heard
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    heard.older = undefined
    heard.newer = undefined
  }

  #append(heard: Heard<Item>): void {
    this.#count += 1
    heard.at = this.#count
    heard.older = this.#newest
    if (this.#newest === undefined) this.#oldest = heard
    else this.#newest.newer = heard
    this.#newest = heard
  }
}

/** Finds the item that has been silent for longest among some. */
export function oldestOf<Item>(some: Iterable<Heard<Item>>): Heard<Item> | undefined {
  let oldest: Heard<Item> | undefined
  for (const heard of some) if (oldest === undefined || heard.at < oldest.at) oldest = heard
  return oldest
}
