/**
 * The evidence for other units against the one in use: how often only one of the two has predicted a
 * message. Old evidence fades.
 */

import { hasSlack, type SequenceUnit } from './sequence-unit.ts'

/** A proven unit has at least this weight of wins over the unit in use. */
const PROVEN_WEIGHT = 6
/** The same for a unit with slack, as a loss or an overtaking may look like its step. */
const PROVEN_WEIGHT_WITH_SLACK = 12
/** A proven unit has more than this share of wins among all wins and losses between the two. */
const WIN_SHARE = 0.95
/** Without new evidence, rivals are ignored after this time: templates return within 30 minutes. */
export const PATIENCE_MS = 35 * 60_000
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
  readonly #units: readonly SequenceUnit[]
  #samples = 0
  #wonAtMs = 0
  /** By place in `knownUnits`: the weight of messages that only that unit predicted, and vice versa. */
  #wins: number[]
  #losses: number[]
  /** Whether both are its own: they are shared until something is counted. */
  #isOwn = false
  /** Whether another unit has a win; mostly none ever has, so this is a shortcut. */
  #hasRivals = false

  /** @param units those that are known, in order of preference */
  constructor(units: readonly SequenceUnit[]) {
    this.#units = units
    this.#wins = zeros(units.length)
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
    this.#wins[unit] = Math.max(0, this.#winsOf(unit) + weight)
    if (weight > 0) this.#hasRivals = true
  }

  /** Adds weight against a unit. */
  lose(unit: number, weight: number): void {
    this.#own()
    this.#losses[unit] = Math.max(0, this.#lossesOf(unit) + weight)
  }

  /** Notes when another unit has won. */
  noteWin(nowMs: number): void {
    this.#wonAtMs = nowMs
  }

  /** The unit that is proven to be the real one; undefined while none is. */
  get provenUnit(): SequenceUnit | undefined {
    if (!this.#hasRivals) return undefined
    let best: SequenceUnit | undefined
    let bestWins = PROVEN_WEIGHT - 1
    for (const [index, unit] of this.#units.entries()) {
      const wins = this.#winsOf(index)
      if (hasSlack(unit) && wins < PROVEN_WEIGHT_WITH_SLACK) continue
      if (wins <= bestWins || wins <= WIN_SHARE * (wins + this.#lossesOf(index))) continue
      best = unit
      bestWins = wins
    }
    return best
  }

  /** Returns the units with more wins than losses against the unit in use, as bits. */
  favouredAt(nowMs: number): number {
    if (!this.#hasRivals || nowMs - this.#wonAtMs > PATIENCE_MS) return 0
    let favoured = 0
    for (let index = 0; index < this.#units.length; index += 1) {
      if (this.#winsOf(index) > this.#lossesOf(index)) favoured |= 1 << index
    }
    return favoured
  }

  #winsOf(unit: number): number {
    return this.#wins[unit] ?? 0
  }

  #lossesOf(unit: number): number {
    return this.#losses[unit] ?? 0
  }

  /** Lets evidence fade, when it is time. */
  fade(): void {
    if (this.#samples < MEMORY_SAMPLES) return
    this.#samples >>= 1
    this.#own()
    for (let unit = 0; unit < this.#wins.length; unit += 1) {
      this.#wins[unit] = this.#winsOf(unit) >> 1
      this.#losses[unit] = this.#lossesOf(unit) >> 1
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

  /**
   * Returns all counts for storing.
   *
   * @param shiftMs added to times of the stream clock
   */
  toArray(shiftMs: number): number[] {
    return [this.#samples, this.#wonAtMs + shiftMs, ...this.#wins, ...this.#losses]
  }

  /** Restores the result of `toArray`; counts of another number of units are ignored. */
  restore([samples = 0, wonAtMs = 0, ...counts]: readonly number[]): void {
    this.#wonAtMs = wonAtMs
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
