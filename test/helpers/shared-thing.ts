/** Something costly that the tests of one process use one after the other. */

/** Files that share a process follow each other at once. */
const LINGER_MS = 300

export class SharedThing<Thing> {
  readonly #make: () => Promise<Thing>
  readonly #remove: (thing: Thing) => Promise<void>
  #thing: Promise<Thing> | undefined
  #users = 0
  #removal: NodeJS.Timeout | undefined

  constructor(options: {
    readonly make: () => Promise<Thing>
    readonly remove: (thing: Thing) => Promise<void>
  }) {
    this.#make = options.make
    this.#remove = options.remove
  }

  /** Returns the thing; `leave` it afterwards. The first user makes it. */
  join(): Promise<Thing> {
    clearTimeout(this.#removal)
    this.#users += 1
    this.#thing ??= this.#make()
    return this.#thing
  }

  /** Removes the thing soon, if nobody else joins. */
  leave(): void {
    this.#users -= 1
    if (this.#users > 0) return
    this.#removal = setTimeout(() => {
      const thing = this.#thing
      this.#thing = undefined
      void thing?.then(this.#remove)
    }, LINGER_MS)
  }
}
