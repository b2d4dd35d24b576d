/** Formats values for people: units, times, durations. */

import { formatBytes, formatCount } from '../../../shared/text-table.ts'
import type { Row } from '../../query/sql.ts'
import { formatTime } from '../../query/times.ts'
import { type Column, parseStamp } from './answer.ts'
import { safeText } from './safe-text.ts'

export interface Style {
  readonly zone: string
  /** Numbers in full, without units. */
  readonly plain: boolean
  /** Returns the name of an address, with `--resolve`; undefined: the address is shown. */
  readonly nameOf?: (address: string) => string | undefined
}

/** Formats the value of a column; a value that was not sent is a dash. */
export function formatValue(row: Row, { name, kind }: Column, style: Style): string {
  const value = row[name]
  if (value === null || value === undefined || value === '') return '-'
  switch (kind) {
    case 'bytes':
      return style.plain ? value : formatBytes(Number(value))
    case 'count':
      return style.plain ? value : groupDigits(value)
    case 'share':
      return `${(Number(value) * 100).toFixed(1)} %`
    case 'percent':
      return style.plain ? value : formatPercent(Number(value))
    case 'time':
      return formatTime(parseStamp(value), style.zone)
    case 'duration':
      return style.plain ? value : formatSeconds(Number(value))
    case 'flag':
      return value === 't' ? 'yes' : 'no'
    case 'json':
      return formatList(value)
    case 'address':
      return safeText(style.nameOf?.(value) ?? value)
    default:
      return safeText(value)
  }
}

/** Formats a percentage. 0 and 100 are exact: all else is shown as 0.01 to 99.99. */
function formatPercent(percent: number): string {
  if (percent === 0 || percent === 100) return String(percent)
  return Math.min(99.99, Math.max(0.01, percent)).toFixed(2)
}

/** Separates thousands; a number of any length stays exact. */
function groupDigits(digits: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(digits)) return digits
  const [whole = '', fraction] = digits.split('.')
  const grouped = formatCount(BigInt(whole) as unknown as number)
  return fraction === undefined ? grouped : `${grouped}.${fraction.slice(0, 1)}`
}

/** Formats seconds: 0.25 s, 12.1 s, 3:07 min, 1:04 h, 2 d 3 h. */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds)
  if (size < 10) return `${seconds.toFixed(2)} s`
  if (size < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(size)
  const sign = seconds < 0 ? '-' : ''
  const two = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)}:${two(whole % 60)} min`
  if (whole < 86_400)
    return `${sign}${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`
  return `${sign}${Math.floor(whole / 86_400)} d ${Math.floor(whole / 3600) % 24} h`
}

function formatList(json: string): string {
  const value: unknown = JSON.parse(json)
  if (!Array.isArray(value)) return safeText(json)
  return value.length === 0 ? '-' : value.map((part) => safeText(String(part))).join('; ')
}
