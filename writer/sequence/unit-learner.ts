/**
 * Learns the real unit of an exporter's sequence numbers. For each message it compares the step of
 * the number with the step that each known unit predicts. The tracker acts on the result.
 */

import type { HeardMessage, HeardStep } from './message-history.ts'
import {
  type CountedMessage,
  countSlack,
  countUnits,
  hasSlack,
  isInclusive,
  isIndeterminate,
  knownUnits,
  type SequenceUnit,
  stepOf,
  stepSlackOf,
} from './sequence-unit.ts'
import { PATIENCE_MS, UnitEvidence } from './unit-evidence.ts'
import { type StoredFit, UnitFit } from './unit-fit.ts'

/**
 * The weight of a message that one unit predicted and another did not. If the two predictions
 * differ by one, a small loss can look the same, so the evidence is weaker.
 */
const WEIGHT = { beside: 1, apart: 2 } as const
/** The unit in use is settled after this many messages without a favoured rival. */
const SETTLED_SAMPLES = 64
/**
 * The result of a step. `proven`: the unit in use fits, so that its losses are real. `unfit`: no
 * unit fits. A unit: it fits again.
 */
type FitNews = 'proven' | 'unfit' | SequenceUnit | undefined

/** Evidence against the unit in use. Sets of units are bits, by place in `knownUnits`. */
export interface UnitDoubt {
  /** Units with more wins than losses against the unit in use. */
  readonly favoured: number
  /** Units that judge the last message differently: they see no loss there, or another loss. */
  readonly dissenting: number
  /** Whether a favoured unit predicted the last number and the unit in use did not. */
  readonly isExplained: boolean
  /** Whether the unit in use has explained too little so far for its gaps to be declared. */
  readonly isPending: boolean
}

/** The stored state; plain JSON. */
export interface LearnedUnit {
  readonly learned?: readonly number[]
  readonly fit?: StoredFit
}

/** The dissenting units while the last message is not compared: any unit may dissent. */
const ALL_UNITS = -1

const NO_DOUBT = { favoured: 0, dissenting: ALL_UNITS, isExplained: false, isPending: false }

export class UnitLearner {
  readonly #units: readonly SequenceUnit[]
  /** By place in `#units`. */
  readonly #haveSlack: readonly boolean[]
  readonly #fit: UnitFit
  #unit: SequenceUnit
  /** The place of `#unit` in `#units`. */
  #own = 0
  readonly #evidence: UnitEvidence
  /** Nothing speaks against the unit in use, so its hits need not be weighed against the others. */
  #isCalm = false
  /** Whether the next message is the first one of its stream. */
  #isFirst = true
  #comparedAtMs = 0
  /** The units that judge the last message differently, and those of them that predicted it. */
  #dissenting = ALL_UNITS
  #winners = 0

  constructor(exportVersion: number) {
    const units = knownUnits(exportVersion)
    this.#units = units
    this.#unit = units[0]
    this.#haveSlack = units.map(hasSlack)
    this.#fit = new UnitFit(units.length)
    this.#evidence = new UnitEvidence(units)
  }

  /** Starts again with another unit in use. */
  use(unit: SequenceUnit): void {
    this.#unit = unit
    this.#own = this.#units.indexOf(unit)
    this.#evidence.clear()
    this.#isCalm = false
    this.skip()
  }

  /** Compares a message with its neighbours by number, as far as they are decoded. */
  learn(step: HeardStep): void {
    const { previous, message, next } = step
    const nowMs = message.receivedAtMs
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (next !== undefined) this.#learnOvertaken(step)
    else if (previous === undefined) {
      this.skip()
      if (isFirst) this.#compareFirst(message, nowMs)
    } else if (isDecoded(previous) && isDecoded(message)) this.#compare(previous, message, nowMs)
    else this.#compareUndecoded(previous, message, nowMs)
  }

  #learnOvertaken({ previous, message, next }: HeardStep): void {
    const nowMs = message.receivedAtMs
    if (previous && next && isDecoded(previous) && isDecoded(next)) this.#retract(previous, next)
    if (isDecoded(message)) {
      if (next && isDecoded(next)) this.#compare(message, next, nowMs)
      if (previous && isDecoded(previous)) this.#compare(previous, message, nowMs)
    }
    // An overtaken message says nothing about the expected number.
    this.skip()
  }

  /** Notes a message that cannot be compared with a previous one. */
  skip(): void {
    this.#dissenting = ALL_UNITS
    this.#winners = 0
  }

  /** Judges the first message of a stream: a number equal to its own contents is no coincidence. */
  #compareFirst(message: CountedMessage, nowMs: number): void {
    for (const [index, unit] of this.#units.entries()) {
      const units = countUnits(unit, message)
      const isExact = isInclusive(unit) && countSlack(unit, message) === 0
      const isOwn = isExact && units > 1 && message.sequence === units
      if (!isOwn || message.undecodedSets > 0) continue
      this.#evidence.win(index, WEIGHT.apart)
      this.#evidence.noteWin(nowMs)
    }
    this.#noteCalm()
  }

  /** Compares a message with the one whose number precedes its own; both are decoded. */
  #compare(previous: CountedMessage, message: CountedMessage, nowMs: number): void {
    this.#comparedAtMs = nowMs
    if (this.#isCalm && this.#isPredicted(previous, message)) {
      this.#fit.count(1 << this.#own, 1)
      this.skip()
      return
    }
    this.#evidence.count(1)
    this.#weigh(previous, message, 1)
    if (this.#winners !== 0) this.#evidence.noteWin(nowMs)
    this.#evidence.fade()
    this.#noteCalm()
  }

  #noteCalm(): void {
    const { samples, hasRivals } = this.#evidence
    this.#isCalm = samples >= SETTLED_SAMPLES && !hasRivals && this.#fit.isProven
  }

  /** Whether the unit in use has predicted the number of a message. */
  #isPredicted(previous: CountedMessage, message: CountedMessage): boolean {
    const delta = (message.sequence - previous.sequence) >>> 0
    const step = stepOf(this.#unit, previous, message)
    if (step === delta) return true
    return (step - delta) >>> 0 <= stepSlackOf(this.#unit, previous, message)
  }

  /**
   * Counts a step between messages of which one is not decoded, if the unit in use counts no
   * records.
   */
  #compareUndecoded(previous: CountedMessage, message: CountedMessage, nowMs: number): void {
    const isOpen = (unit: SequenceUnit) =>
      isIndeterminate(unit, previous) || isIndeterminate(unit, message)
    this.skip()
    if (isOpen(this.#unit)) return
    this.#comparedAtMs = nowMs
    const delta = (message.sequence - previous.sequence) >>> 0
    let explaining = 0
    for (const [index, unit] of this.#units.entries()) {
      const below = (stepOf(unit, previous, message) - delta) >>> 0
      if (!isOpen(unit) && below <= stepSlackOf(unit, previous, message)) explaining |= 1 << index
    }
    this.#fit.count(explaining, 1)
  }

  /** Undoes a comparison, because another message belongs between the two. */
  #retract(previous: CountedMessage, message: CountedMessage): void {
    this.#evidence.count(-1)
    this.#weigh(previous, message, -1)
    this.#noteCalm()
  }

  #weigh(previous: CountedMessage, message: CountedMessage, sign: 1 | -1): void {
    const delta = (message.sequence - previous.sequence) >>> 0
    const own = stepOf(this.#unit, previous, message)
    this.#dissenting = 0
    this.#winners = 0
    const ownSlack = stepSlackOf(this.#unit, previous, message)
    const isOwn = (own - delta) >>> 0 <= ownSlack
    let explaining = 0
    for (let index = 0; index < this.#units.length; index += 1) {
      const unit = this.#units[index] ?? 'none'
      const step = stepOf(unit, previous, message)
      const slack = this.#haveSlack[index] ? stepSlackOf(unit, previous, message) : 0
      const isRight = (step - delta) >>> 0 <= slack
      if (isRight) explaining |= 1 << index
      if (step === own && slack === ownSlack) continue
      this.#dissenting |= 1 << index
      // A range that holds the other unit's step proves nothing, unless the number is below it:
      // a loss makes numbers larger, never smaller.
      if (slack > 0 && own >= step - slack && own <= step && delta >= own) continue
      const apart = own > step ? own - step : step - slack - own
      const weight = sign * (apart > 1 || slack > 0 ? WEIGHT.apart : WEIGHT.beside)
      if (isOwn && !isRight) this.#evidence.lose(index, weight)
      else if (isRight && !isOwn) {
        this.#evidence.win(index, weight)
        this.#winners |= 1 << index
      }
    }
    this.#fit.count(explaining, sign)
  }

  /** Judges how well the units fit, after a comparison. */
  judgeFit(): FitNews {
    const news = this.#fit.judge(this.#own)
    if (news === undefined) return undefined
    this.#noteCalm()
    return typeof news === 'number' ? this.#units[news] : news
  }

  /** Whether no unit fits. */
  get isUnfit(): boolean {
    return !this.#isCalm && this.#fit.isUnfit
  }

  /** Notes that a unit is followed again after none fitted. */
  followAgain(): void {
    this.#fit.followAgain()
    this.#noteCalm()
  }

  /** Whether gaps of the unit in use can be believed at a time. */
  mayDeclareAt(nowMs: number): boolean {
    const isSilent = nowMs - this.#comparedAtMs > PATIENCE_MS
    return this.#isCalm || this.#fit.mayDeclare(this.#own, isSilent)
  }

  /** The unit that is proven to be the real one; undefined while none is. */
  get provenUnit(): SequenceUnit | undefined {
    return this.#isCalm || this.#fit.isUnfit ? undefined : this.#evidence.provenUnit
  }

  /** Returns the evidence against the unit in use after the last message. */
  doubtAt(nowMs: number): UnitDoubt {
    if (this.#isCalm && this.#dissenting === ALL_UNITS) return NO_DOUBT
    const favoured = this.favouredAt(nowMs)
    return {
      favoured,
      dissenting: this.#dissenting,
      isExplained: (this.#winners & favoured) !== 0,
      isPending: !this.mayDeclareAt(nowMs),
    }
  }

  /** Returns the units with more wins than losses against the unit in use, as bits. */
  favouredAt(nowMs: number): number {
    return this.#isCalm ? 0 : this.#evidence.favouredAt(nowMs)
  }

  /** Whether the unit in use is settled. */
  isSettled(nowMs: number): boolean {
    if (this.#isCalm) return true
    return this.#evidence.samples >= SETTLED_SAMPLES && this.#evidence.favouredAt(nowMs) === 0
  }

  /** Whether another unit has a win. */
  get hasRivals(): boolean {
    return this.#evidence.hasRivals
  }

  /** @param shiftMs added to times of the stream clock */
  toState(shiftMs: number): LearnedUnit {
    return { learned: this.#evidence.toArray(shiftMs), fit: this.#fit.toState() }
  }

  /** Restores the result of `toState`; without a next number, the stream has sent nothing yet. */
  restore({ learned = [], fit, next }: LearnedUnit & { readonly next: number | null }): void {
    this.#isFirst = next === null
    this.#fit.restore(fit)
    this.#evidence.restore(learned)
    this.#noteCalm()
  }
}

function isDecoded({ undecodedSets }: HeardMessage): boolean {
  return undecodedSets === 0
}
