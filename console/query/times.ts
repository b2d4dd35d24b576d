/** Reads and formats times as people write them, in any time zone. */

/** The present, and the zone of times without one. */
export interface Clock {
  readonly nowMs: number
  /** A name of the IANA database, such as Europe/Zurich. */
  readonly zone: string
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const DAY_MS = 86_400_000

/** Reads `90s`, `15m`, `1h30m`, `2d`, `1w` as milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,6}[smhdw])+$/.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+)([smhdw])/g)]
  const sum = parts.reduce(
    (all, [, count, unit = '']) => all + Number(count) * (UNITS_MS[unit] ?? 0),
    0,
  )
  return sum > 0 ? sum : undefined
}

/**
 * Reads a time: how long ago (`1h`, `-15m`), `now`, `today`, `yesterday`, RFC 3339, or a part of it
 * in the clock's zone: `2026-11-28`, `2026-11-28 12:00`, `12:00`.
 *
 * @returns Unix milliseconds; undefined when it is none of these
 */
export function parseTime(text: string, clock: Clock): number | undefined {
  const word = text.trim().toLowerCase()
  if (word === 'now') return clock.nowMs
  if (word === 'today') return startOfDay(clock, 0)
  if (word === 'yesterday') return startOfDay(clock, 1)
  const ago = parseDuration(word.replace(/^-/, ''))
  if (ago !== undefined) return clock.nowMs - ago
  const parts =
    /^(?:(\d{4})-(\d\d)-(\d\d)(?:[t ]+|$))?(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(z|[+-]\d\d:?\d\d)?$/.exec(
      word,
    )
  if (!parts || (parts[1] === undefined && parts[4] === undefined)) return undefined
  return timeOf(parts, clock)
}

function timeOf(parts: RegExpExecArray, clock: Clock): number | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', offset] =
    parts
  const today = fieldsOf(clock.nowMs, clock.zone)
  const date = year === undefined ? today.date : `${year}-${month}-${day}`
  const wallMs = Date.parse(`${date}T${hour}:${minute}:${second}Z`)
  // Date.parse accepts the 31st of February.
  if (Number.isNaN(wallMs) || !new Date(wallMs).toISOString().startsWith(date)) return undefined
  const ms = wallMs + Math.trunc(Number(`0.${fraction}`) * 1000)
  if (offset === undefined) return fromWall(ms, clock.zone)
  if (offset === 'z') return ms
  const [hours, minutes] = [offset.slice(1, 3), offset.slice(-2)].map(Number)
  if ((hours ?? 0) > 23 || (minutes ?? 0) > 59) return undefined
  const aheadMs = ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000
  return offset.startsWith('-') ? ms + aheadMs : ms - aheadMs
}

function startOfDay({ nowMs, zone }: Clock, daysBefore: number): number {
  const today = Date.parse(`${fieldsOf(nowMs, zone).date}T00:00:00Z`)
  return fromWall(today - daysBefore * DAY_MS, zone)
}

/** Returns the time at which a clock in the zone shows `wallMs`. */
function fromWall(wallMs: number, zone: string): number {
  const guess = wallMs - offsetMs(wallMs, zone)
  // The offset may have changed between the two.
  return wallMs - offsetMs(guess, zone)
}

/** Returns how far the clocks of a zone are ahead of UTC at a time. */
export function offsetMs(ms: number, zone: string): number {
  const { date, time } = fieldsOf(ms, zone)
  return Date.parse(`${date}T${time}Z`) - Math.floor(ms / 1000) * 1000
}

const FORMATS = new Map<string, Intl.DateTimeFormat>()

function fieldsOf(ms: number, zone: string): { readonly date: string; readonly time: string } {
  let format = FORMATS.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    FORMATS.set(zone, format)
  }
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? ''
  return {
    date: `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}:${part('second')}`,
  }
}

/** Whether the zone exists. */
export function isZone(zone: string): boolean {
  try {
    fieldsOf(0, zone)
    return true
  } catch {
    return false
  }
}

/** Formats `2026-11-28 12:00:00.123`, with `decimals` digits of the second. */
export function formatTime(ms: number, zone: string, decimals = 0): string {
  const { date, time } = fieldsOf(ms, zone)
  const fraction = (Math.floor(ms) - Math.floor(ms / 1000) * 1000).toString().padStart(3, '0')
  return `${date} ${time}${decimals > 0 ? `.${fraction.slice(0, decimals)}` : ''}`
}
