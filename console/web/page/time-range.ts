/** Ranges of time: presets, moving and zooming, and the texts of their inputs. Pure. */

/** RFC 3339 in UTC. In the state of the page, `since` may be a duration and `until` empty: now. */
export interface Range {
  readonly since: string
  readonly until: string
}

export const PRESETS: readonly (readonly [since: string, name: string])[] = [
  ['15m', '15 minutes'],
  ['1h', 'hour'],
  ['6h', '6 hours'],
  ['24h', 'day'],
  ['7d', '7 days'],
  ['30d', '30 days'],
]

const SHORTEST_ZOOM_MS = 10_000

const text = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z')

/** Returns the range of the same length just before (-1) or after (1) a range. */
export function moveRange({ since, until }: Range, direction: -1 | 1): Range {
  const [from, to] = [Date.parse(since), Date.parse(until)]
  const length = (to - from) * direction
  return { since: text(from + length), until: text(to + length) }
}

/** Returns the range of the whole bins of `stepSeconds` between two times. */
export function zoomRange(fromSeconds: number, toSeconds: number, stepSeconds: number): Range {
  const from = Math.floor(fromSeconds / stepSeconds) * stepSeconds * 1000
  const to = Math.ceil(toSeconds / stepSeconds) * stepSeconds * 1000
  return { since: text(from), until: text(Math.max(to, from + SHORTEST_ZOOM_MS)) }
}

/** Returns a range with the same middle that is twice as long. */
export function widenRange({ since, until }: Range): Range {
  const [from, to] = [Date.parse(since), Date.parse(until)]
  const half = (to - from) / 2
  return { since: text(from - half), until: text(to + half) }
}

/** Whether a range moves with the clock. */
export const isLive = ({ until }: Range): boolean => until === ''

/** Writes a time of the server as the text of an input: 2026-11-28 12:00:00. */
export const toInput = (time: string): string => time.replace('T', ' ').replace(/(\.0+)?Z$/, '')

/** Reads the text of an input, which is in UTC: a whole time or its beginning, or how long ago. */
export const fromInput = (text: string): string => {
  const time = text.trim().replace(/^(\d{4}-\d\d-\d\d)\s+/, '$1T')
  return /T\d\d:\d\d:\d\d(\.\d+)?$/.test(time) ? `${time}Z` : time
}
