/** Parameters that questions share: texts of a URL, checked and converted. Pure. */

import { z } from 'zod'
import { formatNetwork, isHost, parseNetwork } from '../../query/address.ts'
import { KEYS, normalizeKey } from '../../query/keys.ts'
import * as steps from '../../query/steps.ts'
import { badParameter } from './api-error.ts'

/** Longer texts are refused before they are parsed. */
const MAX_FILTER_LENGTH = 16_384
const MAX_TIME_LENGTH = 64
/** More bins than a screen has pixels. */
const MAX_BINS = 10_000

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

const tz = z
  .string()
  .max(MAX_TIME_LENGTH)
  .default('UTC')
  .describe('time zone of times that name none')

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

export const exporter = z
  .string()
  .max(1_024)
  .default('')
  .describe('address or name of an exporter; empty: all')

export const scaled = flag(true).describe(
  'counters multiplied by the sampling rate; false: as sent',
)

/** Reads the address of a host. @throws ApiError */
export function readAddress(parameter: string, text: string): string {
  const network = text.includes('/') ? undefined : parseNetwork(text)
  if (network && isHost(network)) return formatNetwork(network)
  throw badParameter(parameter, `"${text}" is no address`)
}

/** Reads a step. @throws ApiError */
export function readStep(text: string): steps.Step {
  const step = steps.parseStep(text)
  if (step) return step
  const expected = 'expected 10s, 5m, 1h, 1d, 1w, 1month, 3months or 1year'
  throw badParameter('step', `"${text}" is no step: ${expected}`)
}

/** Returns the begins of the bins of a range, as Unix milliseconds. @throws ApiError for too many */
export function listBins(
  { since, until }: { readonly since: string; readonly until: string },
  step: steps.Step,
): readonly number[] {
  const bounds = { sinceMs: Date.parse(since), untilMs: Date.parse(until) }
  const bins = steps.listBins(bounds, step, MAX_BINS)
  if (bins) return bins
  throw badParameter('step', `more than ${MAX_BINS} bins: choose a longer step`)
}
