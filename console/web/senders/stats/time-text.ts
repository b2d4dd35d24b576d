/** Reads the times of statistics. The length of a text says what it means: a year, down to a minute. */

import { offsetMs } from '../../../query/times.ts'
import { SendersError } from '../senders-error.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const FIRST_YEAR = 1970
const LAST_YEAR = 2199

export type TimeKind = 'year' | 'month' | 'day' | 'hour' | 'minute'

export const TIME_KINDS: readonly TimeKind[] = ['year', 'month', 'day', 'hour', 'minute']

/** `2014`, `2014-02`, `2014-02-02`, `2014-02-02 05`, `2014-02-02 05:00`. */
const PATTERN = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?: (\d\d)(?::(\d\d))?)?)?)?$/

/** Year, month from 0, day, hour and minute, as clocks show them. */
type WallTime = [number, number, number, number, number]

export interface TimeRange {
  readonly kind: TimeKind
  readonly sinceMs: number
  /** Not part of the range. */
  readonly untilMs: number
}

/**
 * Reads a time text in a zone. A day of 25 hours is one range, and so is an hour that clocks show twice.
 *
 * @param where the member of the request, for the error
 * @throws SendersError 422
 */
export function readTimeText(text: string, zone: string, where: string): TimeRange {
  const parts = PATTERN.exec(text)
    ?.slice(1)
    .filter((part) => part !== undefined)
  if (!parts) throw notUnderstood(text, where)
  const kind = TIME_KINDS[parts.length - 1] as TimeKind
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = parts.map(Number)
  const fields: WallTime = [year, month - 1, day, hour, minute]
  const wallMs = Date.UTC(...fields)
  // Date.UTC accepts the 31st of February.
  const isReal = new Date(wallMs).toISOString().replace('T', ' ').startsWith(text)
  if (!isReal || year < FIRST_YEAR || year > LAST_YEAR) throw notUnderstood(text, where)
  const next: WallTime = [...fields]
  next[parts.length - 1] = (next[parts.length - 1] as number) + 1
  const since = startOf(wallMs, zone)
  const until = startOf(Date.UTC(...next), zone)
  if (kind === 'minute' && since.isTwice) {
    throw new SendersError(422, `${text} is two minutes in ${zone}: ask without tz, in UTC`, {
      where,
    })
  }
  if (since.ms % MINUTE_MS !== 0 || until.ms % MINUTE_MS !== 0) {
    throw new SendersError(422, `${zone} was not whole minutes from UTC at ${text}`, { where })
  }
  return { kind, sinceMs: since.ms, untilMs: until.ms }
}

/** Returns the first moment at which clocks in the zone show this time or a later one. */
function startOf(wallMs: number, zone: string): { readonly ms: number; readonly isTwice: boolean } {
  if (zone === 'UTC') return { ms: wallMs, isTwice: false }
  const offsets = [offsetMs(wallMs - DAY_MS, zone), offsetMs(wallMs + DAY_MS, zone)]
  const [before = 0, after = 0] = offsets
  if (before === after) return { ms: wallMs - before, isTwice: false }
  const shown = offsets
    .filter((offset) => offsetMs(wallMs - offset, zone) === offset)
    .map((offset) => wallMs - offset)
  if (shown.length > 0) return { ms: Math.min(...shown), isTwice: shown.length > 1 }
  return {
    ms: findChange(wallMs - Math.max(...offsets), wallMs - Math.min(...offsets), zone),
    isTwice: false,
  }
}

/** Returns when the offset of a zone changes between two times; `high` has the new offset. */
function findChange(low: number, high: number, zone: string): number {
  const after = offsetMs(high, zone)
  let [from, to] = [low, high]
  while (to - from > 1000) {
    const middle = Math.floor((from + to) / 2000) * 1000
    if (offsetMs(middle, zone) === after) to = middle
    else from = middle
  }
  return to
}

function notUnderstood(text: string, where: string): SendersError {
  return new SendersError(
    422,
    `${JSON.stringify(text.slice(0, 40))} is no time: write 2014, 2014-02, 2014-02-02, ` +
      `2014-02-02 05 or 2014-02-02 05:00, from ${FIRST_YEAR} to ${LAST_YEAR}`,
    { where },
  )
}
