/** Steps of traffic by time, and the bins of a range. */

import { parseDuration } from './times.ts'

/** A step in the words of the console, and as an interval of PostgreSQL. */
export interface Step {
  readonly text: string
  readonly interval: string
}

/** Steps that people read easily, the shortest first. */
const STEPS = [
  ...['1s', '2s', '5s', '10s', '15s', '30s', '1m', '2m', '5m', '10m', '15m', '30m'],
  ...['1h', '2h', '3h', '6h', '12h', '1d', '1w'],
]

const MONTHS: Readonly<Record<string, number>> = { '1month': 1, '3months': 3, '1year': 12 }
/** Ten years: bins of longer steps could lie outside the calendar. */
const LONGEST_MS = 3_653 * 86_400_000
/** Weeks begin on Mondays; every shorter step fits into them. */
const ORIGIN_MS = Date.parse('2000-01-03T00:00:00Z')

/** Reads `10s`, `5m`, `1h`, `1d`, `1w`, `1month`, `3months`, `1year`; undefined when it is none. */
export function parseStep(text: string): Step | undefined {
  const word = text.toLowerCase().replaceAll(' ', '')
  if (Object.hasOwn(MONTHS, word)) {
    return { text: word, interval: word.replace(/^\d/, '$& ') }
  }
  if (!/^[1-9]\d{0,5}[smhdw]$/.test(word)) return undefined
  if ((parseDuration(word) ?? 0) > LONGEST_MS) return undefined
  return { text: word, interval: word.replace(/m$/, ' min') }
}

/** Returns the shortest step that has at most `points` bins in a range. */
export function chooseStep(lengthMs: number, points: number): Step {
  // The first and the last bin may be cut.
  const fits = (step: string) => lengthMs / (parseDuration(step) ?? 1) <= Math.max(points - 1, 1)
  return parseStep(STEPS.find(fits) ?? '1month') ?? { text: '1w', interval: '1w' }
}

/**
 * Returns when the bins that overlap a range begin, as Unix milliseconds.
 *
 * @returns undefined for more bins than `limit`
 */
export function listBins(
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
  step: Step,
  limit: number,
): readonly number[] | undefined {
  const next = binStepper(step)
  const bins: number[] = []
  for (let at = next.begin(sinceMs); at < untilMs; at = next.after(at)) {
    if (bins.length >= limit) return undefined
    bins.push(at)
  }
  return bins
}

/** Returns when a bin ends. */
export function endOfBin(beginMs: number, step: Step): number {
  return binStepper(step).after(beginMs)
}

function binStepper({ text }: Step) {
  const months = MONTHS[text]
  if (months !== undefined) {
    const monthsOf = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth()
    return {
      begin: (at: number) => {
        const month = monthsOf(new Date(at))
        return monthStart(month - (month % months))
      },
      after: (at: number) => monthStart(monthsOf(new Date(at)) + months),
    }
  }
  const stepMs = parseDuration(text) ?? 1
  return {
    begin: (at: number) => at - ((((at - ORIGIN_MS) % stepMs) + stepMs) % stepMs),
    after: (at: number) => at + stepMs,
  }
}

/** @param month counted from the year 0 */
function monthStart(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12)
}
