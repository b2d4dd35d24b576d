/** Finds the highest rate at which nothing is lost, by trying. */

/** What came of trying one rate. */
export interface RateTrial {
  readonly isLossless: boolean
  /** What was really sent a second. */
  readonly rate: number
}

export interface RateSearchOptions {
  readonly trial: (rate: number) => Promise<RateTrial>
  readonly from: number
  readonly to: number
  /** How often the interval between the last good and the first bad rate is halved. */
  readonly steps: number
}

export interface HighestRate {
  /** 0: even the first rate lost something. */
  readonly rate: number
  /** It was not the receiver that was too slow, but the sender. */
  readonly isLowerBound: boolean
}

/** A sender that reaches less than this of what it should is at its limit. */
const REACHED_SHARE = 0.9

/** Doubles the rate until something is lost, then halves the interval. */
export async function findHighestRate(options: RateSearchOptions): Promise<HighestRate> {
  const { from, to, steps } = options
  let good = 0
  let bad = to * 2
  for (let rate = from; rate <= to; rate *= 2) {
    const { isLossless, rate: reached } = await tryTwice(options, rate)
    if (!isLossless) {
      bad = rate
      break
    }
    good = reached
    if (reached < rate * REACHED_SHARE) return { rate: good, isLowerBound: true }
  }
  if (bad > to) return { rate: good, isLowerBound: true }
  for (let step = 0; step < steps; step++) {
    const rate = (good + bad) / 2
    const { isLossless, rate: reached } = await tryTwice(options, rate)
    if (!isLossless) bad = rate
    else if (reached < rate * REACHED_SHARE)
      return { rate: Math.max(good, reached), isLowerBound: true }
    else good = reached
  }
  return { rate: good, isLowerBound: false }
}

/** A machine with other programs may fail once at what it can do. */
async function tryTwice({ trial }: RateSearchOptions, rate: number): Promise<RateTrial> {
  const first = await trial(rate)
  return first.isLossless ? first : trial(rate)
}
