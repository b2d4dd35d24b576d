/**
 * Learns what an exporter's sequence numbers really count, by comparing how far each message moved
 * them with what every known unit foretells. It changes nothing itself: it gives advice.
 */

import {
  type CountedMessage,
  countUnits,
  isInclusive,
  knownUnits,
  type SequenceUnit,
  stepOf,
} from './sequence-unit.ts'

/**
 * What a message weighs that one unit foretold and another one did not. When their numbers lie
 * beside each other a small loss can look the same, so that is weaker evidence.
 */
const WEIGHT = { beside: 1, apart: 2 } as const
/** So much must speak for another unit, */
const PROVEN_WEIGHT = 6
/** and it must be right in this share of what tells the two apart. */
const WIN_SHARE = 0.95
/** After so many messages in which no other unit did better, the one in use is hardly wrong. */
const SETTLED_SAMPLES = 64
/** Counts are halved here, so that old messages fade. */
const MEMORY_SAMPLES = 256
/** What speaks for another unit is forgotten when nothing more does: templates return in 30 min. */
const PATIENCE_MS = 35 * 60_000

/** Another unit than before was found to be the one that the exporter counts. */
export interface UnitChange {
  readonly from: SequenceUnit
  readonly to: SequenceUnit
}

/** What speaks against the unit in use; sets of other units as bits, by their places in the list. */
export interface UnitDoubt {
  /** Units for which more speaks than for the one in use. */
  readonly favoured: number
  /** Units that judge the last message otherwise: its numbers are no loss, or another one. */
  readonly dissenting: number
  /** A favoured unit foretold the number of the last message, the one in use did not. */
  readonly isExplained: boolean
}

/** Nothing is known of what they say. */
const ALL_UNITS = -1

export class UnitLearner {
  readonly #units: readonly SequenceUnit[]
  #unit: SequenceUnit
  #samples = 0
  /** By place in `#units`: what only that unit foretold, and what only the one in use did. */
  readonly #wins: number[]
  readonly #losses: number[]
  /** Something has spoken for another unit: mostly nothing ever does. */
  #hasRivals = false
  #wonAtMs = 0
  /** Of the last message: units that judge it otherwise, and those of them that foretold it. */
  #dissenting = ALL_UNITS
  #winners = 0

  constructor(exportVersion: number) {
    const units = knownUnits(exportVersion)
    this.#units = units
    this.#unit = units[0]
    this.#wins = units.map(() => 0)
    this.#losses = units.map(() => 0)
  }

  /** Starts anew with a unit in use. */
  use(unit: SequenceUnit): void {
    this.#unit = unit
    this.#samples = 0
    this.#wins.fill(0)
    this.#losses.fill(0)
    this.#hasRivals = false
    this.skip()
  }

  /** Takes a message that cannot be compared with one before it. */
  skip(): void {
    this.#dissenting = ALL_UNITS
    this.#winners = 0
  }

  /** Takes the first message of a stream: a number that counts just what is in it is no chance. */
  compareFirst(message: CountedMessage, nowMs: number): void {
    this.skip()
    for (const [index, unit] of this.#units.entries()) {
      const units = countUnits(unit, message)
      const isOwn = isInclusive(unit) && units > 1 && message.sequence === units
      if (!isOwn || message.undecodedSets > 0) continue
      this.#wins[index] = WEIGHT.apart
      this.#hasRivals = true
      this.#wonAtMs = nowMs
    }
  }

  /** Compares a message with the one before it by their numbers; both are decoded. */
  compare(previous: CountedMessage, message: CountedMessage, nowMs: number): void {
    this.#samples += 1
    this.#weigh(previous, message, 1)
    if (this.#winners !== 0) {
      this.#hasRivals = true
      this.#wonAtMs = nowMs
    }
    if (this.#samples >= MEMORY_SAMPLES) this.#fade()
  }

  /** Takes a comparison back: another message turned up between the two. */
  retract(previous: CountedMessage, message: CountedMessage): void {
    this.#samples = Math.max(0, this.#samples - 1)
    this.#weigh(previous, message, -1)
    this.skip()
  }

  #weigh(previous: CountedMessage, message: CountedMessage, sign: 1 | -1): void {
    const delta = (message.sequence - previous.sequence) >>> 0
    const own = stepOf(this.#unit, previous, message)
    this.#dissenting = 0
    this.#winners = 0
    for (let index = 0; index < this.#units.length; index += 1) {
      const step = stepOf(this.#units[index] ?? 'none', previous, message)
      if (step === own) continue
      this.#dissenting |= 1 << index
      const weight = sign * (Math.abs(step - own) > 1 ? WEIGHT.apart : WEIGHT.beside)
      if (delta === own) this.#losses[index] = Math.max(0, this.#lossesAt(index) + weight)
      else if (delta === step) {
        this.#wins[index] = Math.max(0, this.#winsAt(index) + weight)
        this.#winners |= 1 << index
      }
    }
  }

  /** A unit that is proven to be the one that the exporter counts; undefined: there is none. */
  get provenUnit(): SequenceUnit | undefined {
    if (!this.#hasRivals) return undefined
    let best: SequenceUnit | undefined
    let bestWins = PROVEN_WEIGHT - 1
    for (const [index, unit] of this.#units.entries()) {
      const wins = this.#winsAt(index)
      if (wins <= bestWins || wins <= WIN_SHARE * (wins + this.#lossesAt(index))) continue
      best = unit
      bestWins = wins
    }
    return best
  }

  /** Tells what speaks against the unit in use after the last message. */
  doubtAt(nowMs: number): UnitDoubt {
    const favoured = this.favouredAt(nowMs)
    return {
      favoured,
      dissenting: this.#dissenting,
      isExplained: (this.#winners & favoured) !== 0,
    }
  }

  /** Gives the units for which more speaks than for the one in use, as bits. */
  favouredAt(nowMs: number): number {
    if (!this.#hasRivals || nowMs - this.#wonAtMs > PATIENCE_MS) return 0
    let favoured = 0
    for (let index = 0; index < this.#units.length; index += 1) {
      if (this.#winsAt(index) > this.#lossesAt(index)) favoured |= 1 << index
    }
    return favoured
  }

  /** Tells whether the unit in use has stood its test for long. */
  isSettled(nowMs: number): boolean {
    return this.#samples >= SETTLED_SAMPLES && this.favouredAt(nowMs) === 0
  }

  /** Tells whether anything has spoken for another unit. */
  get hasRivals(): boolean {
    return this.#hasRivals
  }

  /** Gives what was learned so far, to be restored later. */
  toArray(): number[] {
    return [this.#samples, this.#wonAtMs, ...this.#wins, ...this.#losses]
  }

  /** Takes what `toArray` gave; anything of another length is ignored. */
  restore(counts: readonly number[]): void {
    const width = this.#units.length
    if (counts.length !== 2 + 2 * width) return
    this.#samples = counts[0] ?? 0
    this.#wonAtMs = counts[1] ?? 0
    for (let index = 0; index < width; index += 1) {
      this.#wins[index] = counts[2 + index] ?? 0
      this.#losses[index] = counts[2 + width + index] ?? 0
    }
    this.#hasRivals = this.#wins.some((wins) => wins > 0)
  }

  #fade(): void {
    this.#samples >>= 1
    for (let index = 0; index < this.#units.length; index += 1) {
      this.#wins[index] = this.#winsAt(index) >> 1
      this.#losses[index] = this.#lossesAt(index) >> 1
    }
    this.#hasRivals = this.#wins.some((wins) => wins > 0)
  }

  #winsAt(index: number): number {
    return this.#wins[index] ?? 0
  }

  #lossesAt(index: number): number {
    return this.#losses[index] ?? 0
  }
}
