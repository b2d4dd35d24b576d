/** Answers a question: checks its parameters, and asks the database once for all that ask the same. */

import type { z } from 'zod'
import { FilterError } from '../query/filter/filter-error.ts'
import { type Clock, isZone, parseDuration, parseTime } from '../query/times.ts'
import { ApiError, badParameter } from './api/api-error.ts'
import { contentTypeOf, type Format, formatReply } from './api/formats.ts'
import type { Question } from './api/question.ts'
import type { AnswerCache } from './reader/answer-cache.ts'
import type { Reader } from './reader/reader.ts'
import type { Turn } from './reader/turns.ts'

/** How long an answer about a range that has ended is kept: late flows may still change it. */
const CLOSED_LIFETIME_MS = 10_000
/** How long after that it is still returned, while a new answer waits for heavy questions. */
const CLOSED_STALE_MS = 50_000
/** How long other answers are kept. */
const OPEN_LIFETIME_MS = 1_000
const DAY_MS = 86_400_000

export interface AnswerOptions {
  readonly reader: Reader
  readonly cache: AnswerCache
  readonly maxRangeDays: number
}

interface QuestionRequest {
  /** Texts of the URL. */
  readonly parameters: Readonly<Record<string, string>>
  readonly format: Format
  readonly nowMs: number
  readonly signal: AbortSignal
}

type Checked = Record<string, unknown>

/** @throws ApiError, FilterError */
export async function answerQuestion(
  question: Question,
  { parameters, format, nowMs, signal }: QuestionRequest,
  { reader, cache, maxRangeDays }: AnswerOptions,
): Promise<{ readonly body: Buffer; readonly contentType: string }> {
  if (format !== 'json' && !question.table) {
    throw badParameter('format', `${question.path} has only json`)
  }
  const second = Math.floor(nowMs / 1000) * 1000
  const texts = check(question, parameters)
  const checked = checkTimes(question, texts, { nowMs: second, maxRangeDays })
  const key = `${format} ${question.path} ${JSON.stringify(checked)}`
  const isClosed = typeof checked['until'] === 'string' && Date.parse(checked['until']) < second
  const answer = (turn: Turn) => async (ended: AbortSignal) => {
    const reply = await reader.answer((ask) => question.answer(checked, ask), ended, turn)
    return formatReply(question, reply, format)
  }
  const body = await cache.get(key, {
    signal,
    lifetimeMs: isClosed ? CLOSED_LIFETIME_MS : OPEN_LIFETIME_MS,
    staleMs: isClosed ? CLOSED_STALE_MS : 0,
    answer: answer('in order'),
    // In order, it would wait until the kept answer expires, while others ask heavy questions.
    refresh: answer('next'),
  })
  return { body, contentType: contentTypeOf(format) }
}

/** @throws ApiError that names the parameter */
function check(question: Question, parameters: Readonly<Record<string, string>>): Checked {
  for (const [parameter, text] of Object.entries(parameters)) {
    // PostgreSQL cannot store it.
    if (text.includes('\0')) throw badParameter(parameter, 'a text cannot contain the character 0')
  }
  const result = question.query.safeParse(parameters)
  if (result.success) return result.data
  const [issue] = result.error.issues as [z.core.$ZodIssue]
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(question.query.shape).join(', ')
    const [parameter = ''] = issue.keys
    const message = `${question.path} has no parameter "${parameter}": expected ${known}`
    throw new ApiError('bad_parameter', message, { where: { parameter } })
  }
  throw badParameter(String(issue.path[0]), issue.message)
}

interface Times {
  readonly nowMs: number
  readonly maxRangeDays: number
}

/** Replaces times in words by RFC 3339. @throws ApiError */
function checkTimes(question: Question, checked: Checked, { nowMs, maxRangeDays }: Times): Checked {
  const { tz, ...others } = checked
  if (tz === undefined) return checked
  if (typeof tz !== 'string' || !isZone(tz)) {
    throw badParameter('tz', `"${tz}" is no time zone, such as UTC or Europe/Zurich`)
  }
  const clock: Clock = { nowMs, zone: tz }
  if ('at' in others) {
    return { ...others, at: iso(readTime('at', others['at'] || 'now', clock)) }
  }
  const sinceText = String(others['since'])
  // "yesterday" alone means that whole day.
  const end = others['until'] || (sinceText.toLowerCase() === 'yesterday' ? 'today' : 'now')
  const until = readTime('until', end, clock)
  const length = parseDuration(question.since ?? '1h') ?? 0
  const since = sinceText === '' ? until - length : readTime('since', sinceText, clock)
  if (since >= until) {
    throw badParameter('since', `${iso(since)} is not before until, ${iso(until)}`)
  }
  if (until - since > maxRangeDays * DAY_MS) {
    throw badParameter(
      'since',
      `the range is longer than ${maxRangeDays} days (WEB_MAX_RANGE_DAYS)`,
    )
  }
  return { ...others, since: iso(since), until: iso(until) }
}

const iso = (ms: number) => new Date(ms).toISOString()

function readTime(parameter: string, text: unknown, clock: Clock): number {
  const time = parseTime(String(text), clock)
  // Years that JavaScript and PostgreSQL write alike.
  if (time !== undefined && time > Date.UTC(1970, 0) && time < Date.UTC(9999, 0)) return time
  const expected =
    '1h, -15m, now, today, yesterday, 2026-11-28, "2026-11-28 12:00", 12:00 or RFC 3339, after 1970'
  throw badParameter(parameter, `"${text}" is no time: expected ${expected}`)
}

/** Returns the error that the client may read; undefined for a fault of this program. */
export function describeError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error
  if (!(error instanceof FilterError)) return undefined
  return new ApiError('bad_filter', `filter: ${error.message}`, {
    where: { parameter: 'filter', position: error.position },
  })
}
