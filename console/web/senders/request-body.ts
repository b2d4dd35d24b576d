/** Reads the JSON body of a request; an error names the member that is wrong. */

import type { z } from 'zod'
import { SendersError } from './senders-error.ts'

/** Without a header, curl declares `-d` as a form, and netflow.io's manual sets no header. */
const MEDIA_TYPES = [
  'application/json',
  'text/json',
  'text/plain',
  'application/x-www-form-urlencoded',
]

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** @throws SendersError 415 unless the headers describe JSON in UTF-8 */
export function checkMediaType(headers: {
  readonly type: string | undefined
  readonly encoding: string | undefined
}): void {
  const [type = '', ...parameters] = (headers.type ?? '').toLowerCase().split(';')
  if (type.trim() !== '' && !MEDIA_TYPES.includes(type.trim())) {
    throw new SendersError(415, 'the body is JSON: send Content-Type: application/json')
  }
  const charset = parameters
    .map((text) => /^\s*charset="?([^"]*)"?\s*$/.exec(text)?.[1])
    .find(Boolean)
  if (
    charset !== undefined &&
    charset !== 'utf-8' &&
    charset !== 'utf8' &&
    charset !== 'us-ascii'
  ) {
    throw new SendersError(415, 'the body is JSON in UTF-8')
  }
  if (headers.encoding !== undefined && headers.encoding.toLowerCase() !== 'identity') {
    throw new SendersError(415, 'the body is not compressed: send it without Content-Encoding')
  }
}

/** @throws SendersError 400 */
export function readBody<Schema extends z.ZodType>(
  body: Uint8Array,
  schema: Schema,
): z.infer<Schema> {
  const result = schema.safeParse(parseJson(body))
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = (issue?.path ?? []).map(String).join('.')
  throw new SendersError(
    400,
    `${where === '' ? 'the body' : where}: ${issue?.message ?? 'is not understood'}`,
    where === '' ? {} : { where },
  )
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(body))
  } catch (error) {
    throw new SendersError(400, 'the body is no JSON in UTF-8', { cause: error })
  }
}
