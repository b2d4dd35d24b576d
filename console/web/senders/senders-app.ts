/**
 * The routes of netflow.io's API: senders with their prefixes, and statistics by prefix and tracked
 * field.
 */

import { type Context, Hono, type Next } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Ask } from '../../query/sql.ts'
import { isZone } from '../../query/times.ts'
import { ApiError } from '../api/api-error.ts'
import type { Failures } from '../guard/failures.ts'
import type { OperatorDatabase } from './operator-database.ts'
import { PREFIXES_BODY, readPrefixes, readSenderAddress } from './prefixes.ts'
import { checkMediaType, readBody } from './request-body.ts'
import { SendersError } from './senders-error.ts'
import {
  deletePrefixes,
  findMissingPrefixes,
  findSender,
  listSenders,
  putSender,
  removeSender,
} from './senders-table.ts'
import { findSignatureProblem, type SigningKeys } from './signature.ts'
import { answerStats, type StatsAnswer } from './stats/stats-answer.ts'
import { makeStatsReply } from './stats/stats-reply.ts'
import { readStatsRequest, STATS_BODY, type StatsRequest } from './stats/stats-request.ts'

const NO_ANSWER: StatsAnswer = { sums: new Map(), reasons: new Map() }

const MAX_BODY_BYTES = 1024 * 1024

interface SendersOptions {
  readonly database: OperatorDatabase
  readonly keys: SigningKeys
  /** Counts requests that are not authorised. */
  readonly failures: Failures
  /** The address of the client. */
  readonly addressOf: (context: Context) => string
  /** Unix milliseconds. */
  readonly now: () => number
  /** Called with errors that are faults of this program. */
  readonly onError: (error: unknown) => void
}

type Env = { Variables: { body: Uint8Array } }

/** Creates the routes `/senders` and `/stats`. */
export function createSendersApp(options: SendersOptions): Hono<Env> {
  const app = new Hono<Env>({ strict: false })
  app.onError((error, context) => answerError(error, context, options))
  const guards = [
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new SendersError(413, `a body has ${MAX_BODY_BYTES} bytes at most`)
      },
    }),
    async (context: Context<Env>, next: Next) => {
      context.header('Cache-Control', 'no-cache')
      await authorise(context, options)
      await next()
    },
  ] as const
  for (const path of ['/senders/*', '/stats/*']) app.use(path, ...guards)
  addSenders(app, options.database)
  addStats(app, options.database)
  for (const path of ['/senders/*', '/stats/*']) {
    app.all(path, () => {
      throw new SendersError(404, 'nothing is here: try /senders')
    })
  }
  return app
}

async function authorise(context: Context<Env>, options: SendersOptions): Promise<void> {
  const { req } = context
  const address = options.addressOf(context)
  const nowMs = options.now()
  const seconds = options.failures.refusedFor(address, nowMs)
  if (seconds > 0) {
    throw new SendersError(429, 'too many requests were not authorised: wait a minute', {
      headers: { 'Retry-After': String(seconds) },
    })
  }
  const body = new Uint8Array(await req.arrayBuffer())
  const problem = findSignatureProblem(
    {
      auth: req.header('x-io-auth'),
      sign: req.header('x-io-sign'),
      time: req.header('x-io-time'),
      method: req.method,
      target: targetOf(context),
      body,
    },
    options.keys,
    nowMs,
  )
  if (problem !== undefined) {
    options.failures.add(address, nowMs)
    throw new SendersError(401, problem)
  }
  context.set('body', body)
}

/** Returns path and query exactly as they were sent, because they are signed. */
function targetOf({ env, req }: Context): string {
  const { incoming } = (env ?? {}) as { incoming?: { url?: string } }
  return incoming?.url ?? req.url.replace(/^[a-z]+:\/\/[^/]*/, '')
}

function addSenders(app: Hono<Env>, database: OperatorDatabase): void {
  app.get('/senders', async (context) => {
    allowParameters(context)
    return context.json(await database.read(listSenders, signalOf(context)))
  })
  app.all('/senders', refuseMethod('GET, HEAD'))
  app.get('/senders/:ip', async (context) => {
    allowParameters(context)
    const ip = readSenderAddress(context.req.param('ip'))
    const sender = await database.read((ask) => findSender(ask, ip), signalOf(context))
    return context.json(requireSender(ip, sender))
  })
  app.put('/senders/:ip', async (context) => {
    allowParameters(context, 'replace')
    const ip = readSenderAddress(context.req.param('ip'))
    const prefixes = readPrefixesOf(context, ip)
    const replaces = readFlag(context, 'replace')
    const sender = await database.write((ask) => putSender(ask, ip, { prefixes, replaces }))
    return context.json(requireSender(ip, sender))
  })
  app.delete('/senders/:ip', async (context) => {
    allowParameters(context)
    const ip = readSenderAddress(context.req.param('ip'))
    if (context.get('body').length === 0) {
      const isRemoved = await database.write((ask) => removeSender(ask, ip))
      requireSender(ip, isRemoved || undefined)
      return context.body(null)
    }
    const prefixes = readPrefixesOf(context, ip)
    const sender = await database.write((ask) => deletePrefixes(ask, ip, prefixes))
    return context.json(requireSender(ip, sender))
  })
  app.all('/senders/:ip', refuseMethod('GET, HEAD, PUT, DELETE'))
}

function addStats(app: Hono<Env>, database: OperatorDatabase): void {
  app.post('/stats/:ip', async (context) => {
    allowParameters(context, 'tz')
    const ip = readSenderAddress(context.req.param('ip'))
    const zone = context.req.query('tz') ?? 'UTC'
    if (!isZone(zone)) {
      throw new SendersError(422, 'tz is a zone such as Europe/Zurich', { where: 'tz' })
    }
    checkMedia(context)
    const request = readStatsRequest(readBody(context.get('body'), STATS_BODY), zone)
    const found = await database.read((ask) => findAnswer(ask, ip, request), signalOf(context))
    const { missing, answer } = requireSender(ip, found)
    if (missing !== undefined) {
      throw new SendersError(404, `${ip} has no prefix ${missing}: PUT /senders/${ip} adds it`, {
        where: missing,
      })
    }
    return context.json(makeStatsReply(request, answer))
  })
  app.all('/stats/:ip', refuseMethod('POST'))
}

/** Answers in one snapshot. Returns undefined for an unknown sender, or the first unknown prefix. */
async function findAnswer(ask: Ask, ip: string, request: StatsRequest) {
  if (!(await findSender(ask, ip))) return undefined
  const cidrs = request.prefixes.map(({ cidr }) => cidr)
  const [missing] = await findMissingPrefixes(ask, ip, cidrs)
  if (missing !== undefined) return { missing, answer: NO_ANSWER }
  return { missing: undefined, answer: await answerStats(ip, request, ask) }
}

function readPrefixesOf(context: Context<Env>, ip: string) {
  checkMedia(context)
  const body = readBody(context.get('body'), PREFIXES_BODY)
  if (body.ip !== undefined && readSenderAddress(body.ip) !== ip) {
    throw new SendersError(400, `ip: the body is about another sender than ${ip}`, { where: 'ip' })
  }
  return readPrefixes(body)
}

function checkMedia({ req }: Context): void {
  checkMediaType({ type: req.header('content-type'), encoding: req.header('content-encoding') })
}

/** Refuses unknown parameters: a misspelt one would silently change the meaning. */
function allowParameters({ req }: Context, ...names: readonly string[]): void {
  const unknown = Object.keys(req.query()).find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new SendersError(400, `${JSON.stringify(unknown.slice(0, 40))} is no parameter here`, {
    where: unknown,
  })
}

function readFlag({ req }: Context, name: string): boolean {
  const text = req.query(name) ?? 'false'
  if (text === 'true' || text === 'false') return text === 'true'
  throw new SendersError(400, `${name} is true or false`, { where: name })
}

/** Returns what was found of a sender. @throws SendersError 404 when there is no such sender */
function requireSender<Value>(ip: string, found: Value | undefined): Value {
  if (found !== undefined) return found
  throw new SendersError(404, `no sender ${ip}: PUT /senders/${ip} adds it`)
}

function refuseMethod(allowed: string) {
  return (context: Context): never => {
    throw new SendersError(405, `${context.req.method} is not possible here`, {
      headers: { Allow: allowed },
    })
  }
}

/** Aborts when the client goes away. */
function signalOf({ req }: Context): AbortSignal {
  return req.raw.signal
}

function answerError(error: unknown, context: Context, { onError }: SendersOptions): Response {
  const known = toSendersError(error)
  if (known === undefined) onError(error)
  const answer = known ?? new SendersError(500, 'a fault of this program: its log says more')
  for (const [name, value] of Object.entries(answer.headers)) context.header(name, value)
  context.header('Cache-Control', 'no-cache')
  return context.json(answer.toJSON(), answer.status)
}

/** Returns undefined for an error that is a fault of this program. */
function toSendersError(error: unknown): SendersError | undefined {
  if (error instanceof SendersError) return error
  if (!(error instanceof ApiError) || error.status === 500) return undefined
  const { status, message, retryAfterSeconds, cause } = error
  return new SendersError(
    status === 414 || status === 421 || status === 403 ? 400 : status,
    message,
    {
      cause,
      ...(retryAfterSeconds === undefined
        ? {}
        : { headers: { 'Retry-After': String(retryAfterSeconds) } }),
    },
  )
}
