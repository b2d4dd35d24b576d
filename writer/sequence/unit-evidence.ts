/**
 * The evidence for other units against the one in use: how often only one of the two has predicted a
 * message. Old evidence fades.
 */

/** All counts are halved after this many messages, so that old evidence fades. */
const MEMORY_SAMPLES = 256

/** By their number of units: the counts of those that have counted nothing. Never changed. */
const ZEROS = new Map<number, number[]>()

function zeros(units: number): number[] {
  const known = ZEROS.get(units)
  if (known) return known
  const counts = Array.from({ length: units }, () => 0)
  ZEROS.set(units, counts)
  return counts
}

export class UnitEvidence {
  #samples = 0
  /** By place in `knownUnits`: the weight of messages that only that unit predicted, and vice versa. */
  #wins: number[]
  #losses: number[]
  /** Whether both are its own: they are shared until something is counted. */
  #isOwn = false
  /** Whether another unit has a win; mostly none ever has, so this is a shortcut. */
  #hasRivals = false

  /** @param units how many units are known */
  constructor(units: number) {
    this.#wins = zeros(units)
    this.#losses = this.#wins
  }

  #own(): void {
    if (this.#isOwn) return
    this.#isOwn = true
    this.#wins = [...this.#wins]
    this.#losses = [...this.#losses]
  }

  /** How many messages were compared, or about as many since evidence fades. */
  get samples(): number {
    return this.#samples
  }

  /** Whether another unit has a win. */
  get hasRivals(): boolean {
    return this.#hasRivals
  }

  /** Begins or takes back a comparison. */
  count(sign: 1 | -1): void {
    this.#samples = Math.max(0, this.#samples + sign)
  }

  /** Adds weight for a unit. */
  win(unit: number, weight: number): void {
    this.#own()
    this.#wins[unit] = Math.max(0, this.winsOf(unit) + weight)
    if (weight > 0) this.#hasRivals = true
  }

  /** Adds weight against a unit. */
  lose(unit: number, weight: number): void {
    this.#own()
    this.#losses[unit] = Math.max(0, this.lossesOf(unit) + weight)
  }

  winsOf(unit: number): number {
    return this.#wins[unit] ?? 0
  }

  lossesOf(unit: number): number {
    return this.#losses[unit] ?? 0
  }

  /** Lets evidence fade, when it is time. */
  fade(): void {
    if (this.#samples < MEMORY_SAMPLES) return
    this.#samples >>= 1
    this.#own()
    for (let unit = 0; unit < this.#wins.length; unit += 1) {
      this.#wins[unit] = this.winsOf(unit) >> 1
      this.#losses[unit] = this.lossesOf(unit) >> 1
    }
    this.#hasRivals = this.#wins.some((wins) => wins > 0)
  }

  clear(): void {
    this.#samples = 0
    this.#wins = zeros(this.#wins.length)
    this.#losses = this.#wins
    this.#isOwn = false
    this.#hasRivals = false
  }

  toArray(): readonly number[] {
    return [...this.#wins, ...this.#losses]
  }

  /** Restores the result of `toArray`; an array of another length is ignored. */
  restore(samples: number, counts: readonly number[]): void {
    const width = this.#wins.length
    if (counts.length !== 2 * width) return
    this.#samples = samples
    this.#own()
    for (let unit = 0; unit < width; unit += 1) {
      this.#wins[unit] = counts[unit] ?? 0
      this.#losses[unit] = counts[width + unit] ?? 0
    }
    this.#hasRivals = this.#wins.some((wins) => wins > 0)
  }
}
