/**
 * Learns what an exporter's sequence numbers really count, by comparing how far each message moved
 * them with what every known unit foretells. It changes nothing itself: it gives advice.
 */

import { countUnits, knownUnits, type MessageCounts, type SequenceUnit } from './sequence-unit.ts'

/** So many messages must have been compared, and so many must have told the units apart. */
const MIN_SAMPLES = 16
const MIN_WINS = 3
/** Another unit must be right in this share of the messages that tell the two apart. */
const WIN_SHARE = 0.95
/** After so many samples a unit that does not fit is no longer given the benefit of the doubt. */
const ENOUGH_SAMPLES = 64
/** Counts are halved here, so that old messages fade. */
const MEMORY_SAMPLES = 256

/**
 * How much speaks against the unit in use: `strong` when most messages contradict it and another
 * one does better, `some` when another one does better in a few messages only.
 */
export type UnitDoubt = 'none' | 'some' | 'strong'

/** Another unit than before was found to be the one that the exporter counts. */
export interface UnitChange {
  readonly from: SequenceUnit
  readonly to: SequenceUnit
}

/** A message as the learner needs it. */
export interface CountedMessage extends MessageCounts {
  readonly sequence: number
}

export class UnitLearner {
  readonly #units: readonly SequenceUnit[]
  #unit: SequenceUnit
  #samples = 0
  #misses = 0
  /** By position in `#units`: messages that only that unit foretold, and that only ours did. */
  readonly #wins: number[]
  readonly #losses: number[]
  readonly #previous = { dataRecords: 0, templateRecords: 0, undecodedSets: 0 }
  #previousSequence = 0
  #hasPrevious = false

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
    this.#misses = 0
    this.#wins.fill(0)
    this.#losses.fill(0)
    this.#hasPrevious = false
  }

  /** Takes the next message in the order of arrival; gives a better unit when one is proven. */
  observe(message: CountedMessage): SequenceUnit | undefined {
    const delta = (message.sequence - this.#previousSequence) >>> 0
    const isBackward = delta > 0x7fffffff
    const isUsable = this.#hasPrevious && !isBackward && this.#previous.undecodedSets === 0
    const better = isUsable ? this.#compare(delta) : undefined
    // What follows a number that went backward is no step of one message either.
    this.#hasPrevious = !(this.#hasPrevious && isBackward)
    this.#previousSequence = message.sequence
    this.#previous.dataRecords = message.dataRecords
    this.#previous.templateRecords = message.templateRecords
    this.#previous.undecodedSets = message.undecodedSets
    return better
  }

  get doubt(): UnitDoubt {
    for (let index = 0; index < this.#units.length; index += 1) {
      if (this.#winsAt(index) <= this.#lossesAt(index)) continue
      const isStrong = this.#misses * 2 > this.#samples && this.#samples < ENOUGH_SAMPLES
      return isStrong ? 'strong' : 'some'
    }
    return 'none'
  }

  /** Gives what was learned so far, to be restored later. */
  toArray(): number[] {
    return [this.#samples, this.#misses, ...this.#wins, ...this.#losses]
  }

  /** Takes what `toArray` gave; anything of another length is ignored. */
  restore(counts: readonly number[]): void {
    const width = this.#units.length
    if (counts.length !== 2 + 2 * width) return
    this.#samples = counts[0] ?? 0
    this.#misses = counts[1] ?? 0
    for (let index = 0; index < width; index += 1) {
      this.#wins[index] = counts[2 + index] ?? 0
      this.#losses[index] = counts[2 + width + index] ?? 0
    }
  }

  #compare(delta: number): SequenceUnit | undefined {
    const isHit = delta === countUnits(this.#unit, this.#previous)
    this.#samples += 1
    if (!isHit) this.#misses += 1
    for (let index = 0; index < this.#units.length; index += 1) {
      const unit = this.#units[index] ?? 'none'
      if (isHit === (delta === countUnits(unit, this.#previous))) continue
      if (isHit) this.#losses[index] = this.#lossesAt(index) + 1
      else this.#wins[index] = this.#winsAt(index) + 1
    }
    const better = isHit ? undefined : this.#provenUnit()
    if (this.#samples >= MEMORY_SAMPLES) this.#fade()
    return better
  }

  #provenUnit(): SequenceUnit | undefined {
    if (this.#samples < MIN_SAMPLES) return undefined
    return this.#units.find((_, index) => {
      const wins = this.#winsAt(index)
      return wins >= MIN_WINS && wins > WIN_SHARE * (wins + this.#lossesAt(index))
    })
  }

  #fade(): void {
    this.#samples >>= 1
    this.#misses >>= 1
    for (let index = 0; index < this.#units.length; index += 1) {
      this.#wins[index] = this.#winsAt(index) >> 1
      this.#losses[index] = this.#lossesAt(index) >> 1
    }
  }

  #winsAt(index: number): number {
    return this.#wins[index] ?? 0
  }

  #lossesAt(index: number): number {
    return this.#losses[index] ?? 0
  }
}
