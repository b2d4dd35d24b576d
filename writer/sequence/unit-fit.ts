/**
 * How well each known unit explains the steps of a stream's numbers. It says when the unit in use is
 * proven, when no unit fits, and when one fits again.
 */

/** The fit is judged after this many steps. */
const BLOCK_STEPS = 64
/** A unit that explains this share of a block is proven. */
const PROVEN_SHARE = 0.75
/** No unit fits if each explains less than this share of a block. */
const UNFIT_SHARE = 0.5
/** The same after the unit was proven: nearly all messages of the stream may be lost for a while. */
const PROVEN_UNFIT_SHARE = 0.1
/** A proven unit is given up only after this many such blocks in a row. */
const PROVEN_UNFIT_BLOCKS = 4
/** After no unit fitted, a unit that explains this share of a block fits again. */
const AGAIN_SHARE = 0.9
/** Gaps wait while the unit in use explains less than this share of the steps. */
const DECLARE_SHARE = 0.5
/** It may explain this many steps fewer: of the first ones, one explained step is enough. */
const DECLARE_LENIENCE = 2
/** The same after a long silence, when there is nothing more to learn. */
const SILENT_DECLARE_SHARE = 0.25

/**
 * The result of a step. `proven`: the unit in use fits, so that its losses are real. `unfit`: no
 * unit fits. A number: the place of the unit that fits again.
 */
type Judgement = 'proven' | 'unfit' | number | undefined

/** A fit as plain JSON. */
export interface StoredFit {
  readonly state: 'open' | 'proven' | 'unfit'
  readonly steps: number
  readonly explained: readonly number[]
  readonly badBlocks: number
}

export class UnitFit {
  #state: StoredFit['state'] = 'open'
  #steps = 0
  /** By place in `knownUnits`: the steps that the unit has predicted. */
  readonly #explained: number[]
  #badBlocks = 0

  /** @param units how many units are known */
  constructor(units: number) {
    this.#explained = Array.from({ length: units }, () => 0)
  }

  /** Whether no unit fits, so that the numbers say nothing. */
  get isUnfit(): boolean {
    return this.#state === 'unfit'
  }

  /** Whether the unit in use has fitted a whole block of steps. */
  get isProven(): boolean {
    return this.#state === 'proven'
  }

  /**
   * Adds a step, or takes one back.
   *
   * @param explaining the units that have predicted it, as bits
   */
  count(explaining: number, sign: 1 | -1): void {
    this.#steps = Math.max(0, this.#steps + sign)
    for (let rest = explaining; rest !== 0; rest &= rest - 1) {
      const index = 31 - Math.clz32(rest & -rest)
      this.#explained[index] = Math.max(0, this.#at(index) + sign)
    }
  }

  /** Judges the fit if a block of steps is complete. */
  judge(own: number): Judgement {
    if (this.#steps < BLOCK_STEPS) return undefined
    const best = this.#best()
    const [ownShare, bestShare] = [this.#at(own) / this.#steps, this.#at(best) / this.#steps]
    if (this.#state === 'unfit') {
      this.#beginBlock()
      return bestShare >= AGAIN_SHARE ? best : undefined
    }
    if (ownShare >= PROVEN_SHARE) {
      this.#become('proven')
      return 'proven'
    }
    const isUnfit = bestShare < (this.isProven ? PROVEN_UNFIT_SHARE : UNFIT_SHARE)
    this.#badBlocks = isUnfit ? this.#badBlocks + 1 : 0
    const blocks = this.isProven ? PROVEN_UNFIT_BLOCKS : 1
    if (this.#badBlocks >= blocks) {
      this.#become('unfit')
      return 'unfit'
    }
    this.#beginBlock()
    return undefined
  }

  /** Notes that a unit is followed again after none fitted. */
  followAgain(): void {
    this.#become('proven')
  }

  /** Whether gaps of the unit in use can be believed so far. */
  mayDeclare(own: number, isSilent: boolean): boolean {
    if (this.#state === 'proven') return true
    const explained = this.#at(own)
    const share = isSilent ? SILENT_DECLARE_SHARE : DECLARE_SHARE
    return explained > 0 && explained >= share * this.#steps - DECLARE_LENIENCE
  }

  toState(): StoredFit {
    const { state, steps, badBlocks } = {
      state: this.#state,
      steps: this.#steps,
      badBlocks: this.#badBlocks,
    }
    return { state, steps, explained: [...this.#explained], badBlocks }
  }

  /** Restores a stored fit; undefined: stored by a version without fits, so the unit is proven. */
  restore(stored: StoredFit | undefined): void {
    this.#state = stored?.state ?? 'proven'
    if (stored?.explained.length !== this.#explained.length) return
    this.#steps = stored.steps
    this.#badBlocks = stored.badBlocks
    for (const [index, steps] of stored.explained.entries()) this.#explained[index] = steps
  }

  #become(state: StoredFit['state']): void {
    this.#state = state
    this.#badBlocks = 0
    this.#beginBlock()
  }

  #beginBlock(): void {
    this.#steps = 0
    this.#explained.fill(0)
  }

  /** The unit that explains most; of several, the first. */
  #best(): number {
    return this.#explained.indexOf(Math.max(...this.#explained))
  }

  #at(index: number): number {
    return this.#explained[index] ?? 0
  }
}
