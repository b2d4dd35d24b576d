/** Parameters that questions share: texts of a URL, checked and converted. */

import { z } from 'zod'
import { KEYS, normalizeKey } from '../../query/keys.ts'

/** Longer texts are refused before they are parsed. */
const MAX_FILTER_LENGTH = 16_384
const MAX_TIME_LENGTH = 64

/** A whole number from `min` to `max`. */
export function count(fallback: number, min: number, max: number) {
  const range = `expected a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, range)
    .transform(Number)
    .pipe(z.number(range).int(range).min(min, range).max(max, range))
    .default(fallback)
}

/** `true` or `false`. */
export function flag(fallback: boolean) {
  return z
    .enum(['true', 'false'], 'expected true or false')
    .transform((word) => word === 'true')
    .pipe(z.boolean())
    .default(fallback)
}

/** One of `words`. */
export function word<const Words extends readonly [string, ...string[]]>(
  words: Words,
  fallback: Words[number],
) {
  return z.enum(words, `expected ${words.join(' or ')}`).default(fallback as never)
}

const timeText = (meaning: string) => z.string().max(MAX_TIME_LENGTH).describe(meaning)

const TIME = 'RFC 3339, or a part of it, or how long ago, such as 15m'

/** The time zone of times that name none. */
const tz = z.string().max(MAX_TIME_LENGTH).default('UTC').describe('zone of times that name none')

/** A range of time; both ends may be left out. */
export const range = {
  since: timeText(`begin of the range, included: ${TIME}`).default(''),
  until: timeText(`end of the range, excluded: ${TIME}; default: now`).default(''),
  tz,
}

/** One time. */
export const moment = { at: timeText(`when: ${TIME}; default: now`).default(''), tz }

export const filter = z
  .string()
  .max(MAX_FILTER_LENGTH, `expected at most ${MAX_FILTER_LENGTH} characters`)
  .default('')
  .describe('which flows, in the words of nfdump; empty: all')

const KEY_NAMES = `${Object.keys(KEYS).join(', ')}, or a network such as src/24 or dst/24,56`

/** A key by which traffic is added up. */
export function key(fallback: string) {
  return z
    .string()
    .max(64)
    .transform((text, context) => {
      const by = normalizeKey(text)
      if (by === undefined) {
        context.addIssue(`nothing is known by "${text}": expected ${KEY_NAMES}`)
        return z.NEVER
      }
      return by
    })
    .pipe(z.string())
    .default(fallback)
    .describe(KEY_NAMES)
}

/** Addresses or names of exporters. */
export const exporter = z
  .string()
  .max(1_024)
  .default('')
  .describe('address or name of an exporter; empty: all')

export const scaled = flag(true).describe(
  'counters multiplied by the sampling rate; false: as sent',
)
