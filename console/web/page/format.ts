/** Formats numbers and times for people. Pure. */

import type { Unit } from './view-state.ts'

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']
const NOT_SENT = '–'

/** Formats with three digits and a prefix by thousands: 4.25 M. */
export function formatScaled(value: number, unit: string): string {
  if (!Number.isFinite(value)) return NOT_SENT
  let rest = Math.abs(value)
  let step = 0
  while (rest >= 999.5 && step < PREFIXES.length - 1) {
    rest /= 1000
    step++
  }
  const digits = step === 0 && Number.isInteger(rest) ? 0 : rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0
  const sign = value < 0 ? '-' : ''
  return `${sign}${rest.toFixed(digits)} ${PREFIXES[step] ?? ''}${unit}`.trimEnd()
}

const RATE_UNITS: Readonly<Record<Unit, string>> = {
  bytes: 'bit/s',
  packets: 'p/s',
  flows: 'f/s',
}

/** Returns the factor from a counter to its rate: bytes are shown as bits. */
export const rateFactor = (unit: Unit): number => (unit === 'bytes' ? 8 : 1)

/** Formats a rate that has been converted to the unit shown. */
export function formatRate(value: number | null, unit: Unit): string {
  return value === null ? NOT_SENT : formatScaled(value, RATE_UNITS[unit])
}

/** Formats a counter of the API, a decimal text. Beyond 2^53 only the digits shown matter. */
export function formatCounter(counter: string | null, unit: Unit): string {
  if (counter === null) return NOT_SENT
  return formatScaled(Number(counter), unit === 'bytes' ? 'B' : '')
}

/** Formats all digits of a decimal text, in groups of three. */
export function formatDigits(counter: string | null): string {
  if (counter === null) return NOT_SENT
  const [whole = '', fraction] = counter.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** Formats a share of 1 in percent. */
export function formatShare(share: number | null): string {
  if (share === null) return NOT_SENT
  const percent = share * 100
  return percent > 0 && percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(1)} %`
}

/** Formats a loss or a coverage in percent. Only exact values appear as 0 and 100. */
export function formatPercent(percent: number | null): string {
  if (percent === null) return 'unknown'
  if (percent === 0 || percent === 100) return `${percent} %`
  return `${Math.min(99.99, Math.max(0.01, percent)).toFixed(2)} %`
}

/** Formats seconds: 12.1 s, 4 min 10 s, 3 h 5 min, 2 d 4 h. */
export function formatSeconds(seconds: number | null): string {
  if (seconds === null) return NOT_SENT
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 2 : 1))} s`
  const whole = Math.round(seconds)
  if (whole < 3_600) return joinParts([Math.floor(whole / 60), 'min'], [whole % 60, 's'])
  if (whole < 86_400) {
    return joinParts([Math.floor(whole / 3_600), 'h'], [Math.floor((whole % 3_600) / 60), 'min'])
  }
  return joinParts([Math.floor(whole / 86_400), 'd'], [Math.floor((whole % 86_400) / 3_600), 'h'])
}

type Part = readonly [number, string]

function joinParts([great, greatUnit]: Part, [small, smallUnit]: Part): string {
  return small === 0 ? `${great} ${greatUnit}` : `${great} ${greatUnit} ${small} ${smallUnit}`
}

/** Formats RFC 3339 in UTC as 2026-11-28 12:59:58. */
export function formatTime(time: string | null): string {
  if (time === null) return NOT_SENT
  return time.replace('T', ' ').replace(/(\.\d+)?Z$/, '')
}

/** Formats a range, with the date only once when both ends are of one day. */
export function formatRange(since: string, until: string): string {
  const [from, to] = [formatTime(since), formatTime(until)]
  return from.slice(0, 10) === to.slice(0, 10) ? `${from} – ${to.slice(11)}` : `${from} – ${to}`
}

/** Formats the version of an export protocol. */
export const formatVersion = (version: number | null): string =>
  version === 10 ? 'IPFIX' : `v${version}`

const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Makes characters from the network visible that are invisible or reverse the text. */
export function visible(text: string): string {
  return text.replace(CONTROLS, '\uFFFD')
}
