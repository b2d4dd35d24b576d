/** Answers a question: checks its parameters, asks the database once for all who ask the same. */

import type { z } from 'zod'
import { FilterError } from '../query/filter/filter-error.ts'
import { type Clock, isZone, parseDuration, parseTime } from '../query/times.ts'
import { ApiError } from './api/api-error.ts'
import { contentTypeOf, type Format, formatReply } from './api/formats.ts'
import type { Asking, Question } from './api/question.ts'
import type { AnswerCache } from './reader/answer-cache.ts'
import type { Reader } from './reader/reader.ts'
import type { Turn } from './reader/turns.ts'

/** A range that has ended: late flows may still change it. */
const CLOSED_LIFETIME_MS = 10_000
/** Given meanwhile, so that kept answers do not wait for heavy questions. */
const CLOSED_STALE_MS = 50_000
/** A range that has not, and answers without one. */
const OPEN_LIFETIME_MS = 1_000
const DAY_MS = 86_400_000

export interface Answering {
  readonly reader: Reader
  readonly cache: AnswerCache
  readonly maxRangeDays: number
}

/** The texts of a request. */
export interface Asked {
  readonly parameters: Readonly<Record<string, string>>
  readonly format: Format
  readonly nowMs: number
  readonly signal: AbortSignal
}

type Checked = Record<string, unknown>

/** @throws ApiError, FilterError */
export async function answerQuestion(
  own: Question,
  { parameters, format, nowMs, signal }: Asked,
  { reader, cache, maxRangeDays }: Answering,
): Promise<{ readonly body: Buffer; readonly contentType: string }> {
  if (format !== 'json' && !own.table) {
    throw new ApiError('bad_parameter', `format: ${own.path} has only json`, {
      where: { parameter: 'format' },
    })
  }
  const second = Math.floor(nowMs / 1000) * 1000
  const checked = checkTimes(own, check(own, parameters), { nowMs: second, maxRangeDays })
  const key = `${format} ${own.path} ${JSON.stringify(checked)}`
  const isClosed = typeof checked['until'] === 'string' && Date.parse(checked['until']) < second
  const answer = (turn: Turn) => async (ended: AbortSignal) => {
    const use = (ask: Asking['ask']) => own.answer(checked, { ask, nowMs: second })
    const reply = await reader.answer(use, ended, turn)
    return formatReply(own, reply, format)
  }
  const body = await cache.get(key, {
    signal,
    lifetimeMs: isClosed ? CLOSED_LIFETIME_MS : OPEN_LIFETIME_MS,
    staleMs: isClosed ? CLOSED_STALE_MS : 0,
    answer: answer('in order'),
    // Else a kept answer would expire while others ask heavy questions without a pause.
    refresh: answer('next'),
  })
  return { body, contentType: contentTypeOf(format) }
}

/** @throws ApiError that names the parameter */
function check(own: Question, parameters: Readonly<Record<string, string>>): Checked {
  for (const [parameter, text] of Object.entries(parameters)) {
    if (!text.includes('\0')) continue
    // PostgreSQL has no such character.
    const message = `${parameter}: the character 0 is in no text`
    throw new ApiError('bad_parameter', message, { where: { parameter } })
  }
  const result = own.query.safeParse(parameters)
  if (result.success) return result.data
  const [issue] = result.error.issues as [z.core.$ZodIssue]
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(own.query.shape).join(', ')
    const [parameter = ''] = issue.keys
    const message = `${own.path} has no parameter "${parameter}": expected ${known}`
    throw new ApiError('bad_parameter', message, { where: { parameter } })
  }
  const parameter = String(issue.path[0])
  throw new ApiError('bad_parameter', `${parameter}: ${issue.message}`, { where: { parameter } })
}

interface Times {
  readonly nowMs: number
  readonly maxRangeDays: number
}

/** Replaces the words of times by RFC 3339. */
function checkTimes(own: Question, checked: Checked, { nowMs, maxRangeDays }: Times): Checked {
  const { tz, ...others } = checked
  if (tz === undefined) return checked
  if (typeof tz !== 'string' || !isZone(tz)) {
    const message = `tz: "${tz}" is no time zone, such as UTC or Europe/Zurich`
    throw new ApiError('bad_parameter', message, { where: { parameter: 'tz' } })
  }
  const clock: Clock = { nowMs, zone: tz }
  if ('at' in others) {
    return { ...others, at: iso(readTime('at', others['at'] || 'now', clock)) }
  }
  const sinceText = String(others['since'])
  // "yesterday" alone means that whole day.
  const end = others['until'] || (sinceText.toLowerCase() === 'yesterday' ? 'today' : 'now')
  const until = readTime('until', end, clock)
  const length = parseDuration(own.since ?? '1h') ?? 0
  const since = sinceText === '' ? until - length : readTime('since', sinceText, clock)
  if (since >= until) {
    const message = `since: ${iso(since)} is not before until, ${iso(until)}`
    throw new ApiError('bad_parameter', message, { where: { parameter: 'since' } })
  }
  if (until - since > maxRangeDays * DAY_MS) {
    const message = `since: the range is longer than ${maxRangeDays} days (WEB_MAX_RANGE_DAYS)`
    throw new ApiError('bad_parameter', message, { where: { parameter: 'since' } })
  }
  return { ...others, since: iso(since), until: iso(until) }
}

const iso = (ms: number) => new Date(ms).toISOString()

function readTime(parameter: string, text: unknown, clock: Clock): number {
  const time = parseTime(String(text), clock)
  // PostgreSQL and this language agree on the years 1 to 9999.
  if (time !== undefined && time > Date.UTC(1970, 0) && time < Date.UTC(9999, 0)) return time
  const message =
    `${parameter}: "${text}" is no time: expected 1h, -15m, now, today, yesterday, 2026-11-28, ` +
    '"2026-11-28 12:00", 12:00 or RFC 3339, after 1970'
  throw new ApiError('bad_parameter', message, { where: { parameter } })
}

/** Returns what the client may read of an error; undefined: a fault of this program. */
export function describeError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error
  if (!(error instanceof FilterError)) return undefined
  return new ApiError('bad_filter', `filter: ${error.message}`, {
    where: { parameter: 'filter', position: error.position },
  })
}
