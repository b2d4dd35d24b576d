/** Serves a question over HTTP: its parameters, the format of the reply, and its compression. */

import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { Context } from 'hono'
import { type AnswerOptions, answerQuestion } from './answer-question.ts'
import { badParameter } from './api/api-error.ts'
import { acceptedFormat, FORMATS, type Format } from './api/formats.ts'
import type { Question } from './api/question.ts'

const MIN_COMPRESSED_BYTES = 1_400
const compress = promisify(gzip)

export interface ServeOptions {
  readonly answering: AnswerOptions
  /** Unix milliseconds. */
  readonly now: () => number
}

export async function serveQuestion(
  question: Question,
  context: Context,
  { answering, now }: ServeOptions,
): Promise<Response> {
  const { format, ...parameters } = readParameters(context)
  const asked = {
    parameters,
    format: chooseFormat(format, context.req.header('accept') ?? ''),
    nowMs: now(),
    signal: context.req.raw.signal,
  }
  const { body, contentType } = await answerQuestion(question, asked, answering)
  context.header('content-type', contentType)
  context.header('vary', 'accept, accept-encoding')
  const accepted = context.req.header('accept-encoding') ?? ''
  if (body.length < MIN_COMPRESSED_BYTES || !/\bgzip\b/.test(accepted)) return send(context, body)
  context.header('content-encoding', 'gzip')
  return send(context, await compressed(body))
}

function send(context: Context, body: Buffer): Response {
  return context.body(body as Uint8Array<ArrayBuffer>)
}

/** A kept answer is compressed once, for all its clients. */
const COMPRESSED = new WeakMap<Buffer, Promise<Buffer>>()

function compressed(body: Buffer): Promise<Buffer> {
  const known = COMPRESSED.get(body)
  if (known) return known
  const made = compress(body, { level: constants.Z_BEST_SPEED })
  COMPRESSED.set(body, made)
  return made
}

/** Returns the parameters in the path and in the query. @throws ApiError for one that is given twice */
function readParameters(context: Context): Record<string, string> {
  const found: Record<string, string> = { ...context.req.param() }
  for (const [parameter, texts] of Object.entries(context.req.queries())) {
    if (texts.length > 1 || Object.hasOwn(found, parameter)) {
      throw badParameter(parameter, 'it is given more than once')
    }
    found[parameter] = texts[0] ?? ''
  }
  return found
}

function chooseFormat(format: string | undefined, accept: string): Format {
  if (format === undefined) return acceptedFormat(accept)
  const known = FORMATS.find((name) => name === format)
  if (known) return known
  throw badParameter('format', `expected ${FORMATS.join(' or ')}`)
}
