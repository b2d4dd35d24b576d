/** The routes of the web server, and what every request passes before. */

import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { type Context, Hono } from 'hono'
import type { Logger } from '../../shared/logger.ts'
import { type Answering, answerQuestion, describeError } from './answer-question.ts'
import { ApiError } from './api/api-error.ts'
import { acceptedFormat, FORMATS, type Format } from './api/formats.ts'
import type { Question } from './api/question.ts'
import { QUESTIONS } from './api/routes.ts'
import type { Access } from './guard/access.ts'
import { checkHost, checkOrigin } from './guard/request-origin.ts'
import { securityHeaders } from './guard/security-headers.ts'

export interface AppOptions {
  readonly answering: Answering
  readonly access: Access
  /** By which this server is known, in lower case. */
  readonly hostNames: ReadonlySet<string>
  readonly trustProxy: boolean
  readonly logger: Logger
  readonly now: () => number
  /** The routes of other programs, such as those of senders, which check their requests themselves. */
  readonly senders?: Hono
}

/** Has its own check of who asks. */
const OPEN_PATHS = /^\/(healthz$|senders(\/|$)|stats(\/|$))/
const LEAST_COMPRESSED_BYTES = 1_400
const compress = promisify(gzip)

/** Builds the routes. */
export function buildApp(options: AppOptions): Hono {
  const { logger, senders } = options
  const app = new Hono()
  app.use(securityHeaders)
  app.use(async (context, next) => {
    checkRequest(context, options)
    await next()
  })
  for (const own of QUESTIONS) {
    app.get(own.path, (context) => serveQuestion(own, context, options))
  }
  if (senders) app.route('/', senders)
  app.get('/healthz', (context) => serveHealth(context, options))
  app.all('/api/*', (context) => {
    if (context.req.method !== 'GET') throw new ApiError('method_not_allowed', 'only GET and HEAD')
    throw new ApiError('not_found', 'no such question: /api lists them all')
  })
  app.notFound((context) => fail(context, new ApiError('not_found', 'nothing is here: try /')))
  app.onError((error, context) => {
    const known = describeError(error)
    if (known) return fail(context, known)
    logger.error({ fault: error }, 'a request could not be answered')
    return fail(context, new ApiError('internal', 'a fault of this program: its log says more'))
  })
  return app
}

function checkRequest(context: Context, { access, hostNames, trustProxy, now }: AppOptions): void {
  const header = (name: string) => context.req.header(name)
  const { method, path } = context.req
  const request = {
    method,
    path,
    host: header('host'),
    origin: header('origin'),
    fetchSite: header('sec-fetch-site'),
    fetchMode: header('sec-fetch-mode'),
  }
  checkHost(request, hostNames)
  if (!OPEN_PATHS.test(path)) {
    const authorization = header('authorization')
    access.check({ authorization, address: clientAddress(context, trustProxy), nowMs: now() })
  }
  checkOrigin(request)
}

/** Behind a proxy, the last address that it has added. */
export function clientAddress(context: Context, trustProxy: boolean): string {
  const forwarded = trustProxy ? context.req.header('x-forwarded-for') : undefined
  const last = forwarded?.split(',').at(-1)?.trim()
  const { incoming } = (context.env ?? {}) as {
    incoming?: { socket: { remoteAddress?: string } }
  }
  return last || incoming?.socket.remoteAddress || ''
}

async function serveQuestion(own: Question, context: Context, options: AppOptions) {
  const { format, ...parameters } = readParameters(context)
  const asked = {
    parameters,
    format: chooseFormat(format, context.req.header('accept') ?? ''),
    nowMs: options.now(),
    signal: context.req.raw.signal,
  }
  const { body, contentType } = await answerQuestion(own, asked, options.answering)
  context.header('content-type', contentType)
  context.header('vary', 'accept, accept-encoding')
  const accepted = context.req.header('accept-encoding') ?? ''
  if (body.length < LEAST_COMPRESSED_BYTES || !/\bgzip\b/.test(accepted)) return send(context, body)
  context.header('content-encoding', 'gzip')
  return send(context, await compressed(body))
}

function send(context: Context, body: Buffer) {
  return context.body(body as Uint8Array<ArrayBuffer>)
}

/** Kept answers are compressed once. */
const COMPRESSED = new WeakMap<Buffer, Promise<Buffer>>()

function compressed(body: Buffer): Promise<Buffer> {
  const known = COMPRESSED.get(body)
  if (known) return known
  const made = compress(body, { level: constants.Z_BEST_SPEED })
  COMPRESSED.set(body, made)
  return made
}

/** The parameters of the URL and of its path. @throws ApiError for one that is given twice */
function readParameters(context: Context): Record<string, string> {
  const found: Record<string, string> = { ...context.req.param() }
  for (const [parameter, texts] of Object.entries(context.req.queries())) {
    if (texts.length > 1 || Object.hasOwn(found, parameter)) {
      const message = `${parameter}: it is given more than once`
      throw new ApiError('bad_parameter', message, { where: { parameter } })
    }
    found[parameter] = texts[0] ?? ''
  }
  return found
}

function chooseFormat(format: string | undefined, accept: string): Format {
  if (format === undefined) return acceptedFormat(accept)
  const known = FORMATS.find((name) => name === format)
  if (known) return known
  throw new ApiError('bad_parameter', `format: expected ${FORMATS.join(' or ')}`, {
    where: { parameter: 'format' },
  })
}

async function serveHealth(context: Context, { answering }: AppOptions) {
  const healthy = await answering.reader
    .answer((ask) => ask({ text: 'select 1', values: [] }), AbortSignal.timeout(5_000))
    .then(
      () => true,
      // A busy server is healthy: the database has answered others.
      (error: unknown) => error instanceof ApiError && error.code === 'busy',
    )
  return context.json({ healthy }, healthy ? 200 : 503)
}

function fail(context: Context, error: ApiError) {
  const { code, message, where, retryAfterSeconds, status } = error
  if (retryAfterSeconds !== undefined) context.header('retry-after', String(retryAfterSeconds))
  if (code === 'unauthorized') {
    context.header('www-authenticate', 'Basic realm="netflow", charset="UTF-8"')
  }
  if (code === 'method_not_allowed') context.header('allow', 'GET, HEAD')
  return context.json({ error: code, message, ...(where && { where }) }, status)
}
