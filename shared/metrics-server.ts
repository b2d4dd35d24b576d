/** Serves Prometheus metrics and the health of a process over HTTP. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import type { Logger } from './logger.ts'

/**
 * Collecting the metrics takes milliseconds of the process's time, so frequent requests share them.
 */
const CACHE_MS = 1_000
/** A scraper and a health check or two; further connections are closed at once. */
const MAX_CONNECTIONS = 16
/** Requests are small and local. */
const REQUEST_TIMEOUT_MS = 2_000
/** Limits a connection whose other end reads nothing. */
const IDLE_TIMEOUT_MS = 5_000
const CHECK_MS = 500

export interface Health {
  readonly healthy: boolean
  /** Problems, or a few facts; part of the answer. */
  readonly detail: Readonly<Record<string, unknown>>
}

interface MetricsServerOptions {
  readonly host: string
  /** 0 turns the server off. */
  readonly port: number
  /** Creates the metrics; called only when the server is on. */
  readonly registry: () => Promise<Registry>
  readonly health: () => Health
  readonly logger: Logger
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Answers `GET /metrics` and `GET /healthz` (200 healthy, 503 unhealthy), one a connection. */
export class MetricsServer {
  readonly #options: MetricsServerOptions
  #server: Server | undefined
  #registry: Registry | undefined
  /** The latest metrics, and when they were collected (`performance.now()`). */
  #metrics: { readonly text: Promise<string>; readonly at: number } | undefined

  constructor(options: MetricsServerOptions) {
    this.#options = options
  }

  /** Listens. A port in use is logged: the process works on without metrics. */
  async start(): Promise<void> {
    const { host, port, registry, logger } = this.#options
    if (port === 0 || this.#server) return
    this.#registry = await registry()
    const server = createServer(
      {
        headersTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: CHECK_MS,
        keepAlive: false,
      },
      (request, response) => void this.#respond(request, response),
    )
    server.maxConnections = MAX_CONNECTIONS
    server.timeout = IDLE_TIMEOUT_MS
    await new Promise<void>((resolve) => {
      server.once('error', (error) => {
        logger.error(
          { err: error, host, port },
          'no metrics: METRICS_PORT cannot be opened; set it to another port, or to 0',
        )
        resolve()
      })
      server.listen(port, host, () => {
        this.#server = server
        server.unref()
        resolve()
      })
    })
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Further requests of the connection are not answered: each would cost as much as the first.
    response.shouldKeepAlive = false
    const { status, type, body } = await this.#answer(request).catch(describeFailure)
    response.writeHead(status, { 'content-type': type })
    response.end(body)
  }

  async #answer({ method, url = '' }: IncomingMessage): Promise<Answer> {
    const { health } = this.#options
    const registry = this.#registry
    if (method !== 'GET' && method !== 'HEAD') return describe(405, 'only GET and HEAD\n')
    const path = url.split('?')[0]
    if (path === '/metrics' && registry) {
      return { status: 200, type: registry.contentType, body: await this.#collect(registry) }
    }
    if (path === '/healthz') {
      const { healthy, detail } = health()
      const body = `${JSON.stringify({ healthy, ...detail })}\n`
      return { status: healthy ? 200 : 503, type: 'application/json', body }
    }
    return describe(404, 'try /metrics or /healthz\n')
  }

  /** Returns the metrics, at most a second old. */
  #collect(registry: Registry): Promise<string> {
    const now = performance.now()
    const cached = this.#metrics
    if (cached && now - cached.at < CACHE_MS) return cached.text
    const text = registry.metrics()
    this.#metrics = { text, at: now }
    return text
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

function describe(status: number, body: string): Answer {
  return { status, type: 'text/plain', body }
}

function describeFailure(): Answer {
  return describe(500, 'the metrics cannot be collected\n')
}
