/** The routes of the web server, and the checks, headers and metrics of every request. */

import { type Context, Hono } from 'hono'
import type { Logger } from '../../shared/logger.ts'
import { describeError } from './answer-question.ts'
import { ApiError } from './api/api-error.ts'
import { describeApi } from './api/openapi.ts'
import { QUESTIONS } from './api/questions.ts'
import { makeReferencePage } from './api/reference-page.ts'
import type { Access } from './guard/access.ts'
import { checkHost, checkOrigin } from './guard/request-origin.ts'
import { securityHeaders } from './guard/security-headers.ts'
import type { WebMetrics } from './metrics.ts'
import type { PageFiles } from './page-files.ts'
import { serveFiles } from './serve-files.ts'
import { type ServeOptions, serveQuestion } from './serve-question.ts'

interface AppOptions extends ServeOptions {
  readonly access: Access
  readonly files: PageFiles
  readonly metrics: WebMetrics
  /** Names of this server, in lower case. */
  readonly hostNames: ReadonlySet<string>
  readonly trustProxy: boolean
  readonly logger: Logger
  readonly version: string
  /** The routes `/senders` and `/stats`, which check by themselves who asks. */
  readonly senders?: Hono
}

/** Paths that need no password: they are harmless, or check by themselves who asks. */
const OPEN_PATHS = /^\/(healthz$|senders(\/|$)|stats(\/|$))/

export function buildApp(options: AppOptions): Hono {
  const { files, senders, metrics, version } = options
  const app = new Hono()
  app.use(securityHeaders)
  app.use(async (context, next) => {
    const startedAt = performance.now()
    await next()
    const seconds = (performance.now() - startedAt) / 1000
    metrics.observe(routeOf(context.req.path), context.res.status, seconds)
  })
  app.use(async (context, next) => {
    checkRequest(context, options)
    await next()
  })
  for (const question of QUESTIONS) {
    app.get(question.path, (context) => serveQuestion(question, context, options))
  }
  const description = describeApi(QUESTIONS, version)
  app.get('/api/openapi.json', (context) => context.json(description))
  app.get('/api', (context) => context.html(makeReferencePage(description)))
  app.get('/healthz', (context) => serveHealth(context, options))
  app.get('/metrics', async (context) => {
    context.header('content-type', metrics.registry.contentType)
    return context.body(await metrics.registry.metrics())
  })
  serveFiles(app, files)
  if (senders) app.route('/', senders)
  addErrorReplies(app, options)
  return app
}

const KNOWN_ROUTES = new Set(['/', '/api', '/api/openapi.json', '/healthz', '/metrics'])

/** Returns the label of a path in the metrics: there are only as many as routes. */
function routeOf(path: string): string {
  if (KNOWN_ROUTES.has(path) || QUESTIONS.some((question) => question.path === path)) return path
  if (path.startsWith('/api/exporters/')) return '/api/exporters/:address'
  const [, first = ''] = path.split('/')
  return ['senders', 'stats'].includes(first) ? `/${first}` : 'other'
}

function addErrorReplies(app: Hono, { logger }: AppOptions): void {
  app.all('*', (context) => {
    const { method } = context.req
    if (method !== 'GET' && method !== 'HEAD') {
      throw new ApiError('method_not_allowed', 'only GET and HEAD')
    }
    throw new ApiError('not_found', 'nothing is here: / is the page, and /api lists all questions')
  })
  app.onError((error, context) => {
    const known = describeError(error)
    if (known) return replyError(context, known)
    logger.error({ fault: error, path: context.req.path }, 'a request could not be answered')
    const internal = new ApiError('internal', 'a fault of this program: its log says more')
    return replyError(context, internal)
  })
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
  checkOrigin(request)
  if (OPEN_PATHS.test(path)) return
  const authorization = header('authorization')
  access.check({ authorization, address: clientAddress(context, trustProxy), nowMs: now() })
}

/** Returns the address of the client; with a trusted proxy, the last one that the proxy added. */
export function clientAddress(context: Context, trustProxy: boolean): string {
  const forwarded = trustProxy ? context.req.header('x-forwarded-for') : undefined
  const last = forwarded?.split(',').at(-1)?.trim()
  const { incoming } = (context.env ?? {}) as {
    incoming?: { socket: { remoteAddress?: string } }
  }
  return last || incoming?.socket.remoteAddress || ''
}

async function serveHealth(context: Context, { answering }: AppOptions): Promise<Response> {
  const healthy = await answering.reader.isReachable()
  return context.json({ healthy }, healthy ? 200 : 503)
}

function replyError(context: Context, error: ApiError): Response {
  const { code, message, where, retryAfterSeconds, status } = error
  if (retryAfterSeconds !== undefined) context.header('retry-after', String(retryAfterSeconds))
  if (code === 'unauthorized') {
    context.header('www-authenticate', 'Basic realm="netflow", charset="UTF-8"')
  }
  if (code === 'method_not_allowed') context.header('allow', 'GET, HEAD')
  return context.json({ error: code, message, ...(where && { where }) }, status)
}
