/** Finds the highest rate at which nothing is lost, by trial. */

export interface RateTrial {
  readonly isLossless: boolean
  /** The rate that the sender reached. */
  readonly rate: number
}

export interface RateSearchOptions {
  readonly trial: (rate: number) => Promise<RateTrial>
  readonly from: number
  readonly to: number
  /** How many times the interval between the last good and the first bad rate is halved. */
  readonly steps: number
}

export interface HighestRate {
  /** 0 if something was lost even at the first rate. */
  readonly rate: number
  /** The sender reached its limit before the receiver did. */
  readonly isLowerBound: boolean
}

/** A sender that reaches a smaller share of the wanted rate is at its limit. */
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

/** One loss can be the fault of another program on the machine. */
async function tryTwice({ trial }: RateSearchOptions, rate: number): Promise<RateTrial> {
  const first = await trial(rate)
  return first.isLossless ? first : trial(rate)
}
