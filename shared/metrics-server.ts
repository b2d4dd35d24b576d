/** Serves Prometheus metrics and the health of a process over HTTP. */

import { createServer, type Server } from 'node:http'
import type { Registry } from 'prom-client'
import type { Logger } from './logger.ts'

export interface Health {
  readonly healthy: boolean
  /** Problems, or a few facts; part of the answer. */
  readonly detail: Readonly<Record<string, unknown>>
}

interface MetricsServerOptions {
  readonly host: string
  /** 0 turns the server off. */
  readonly port: number
  readonly registry: Registry
  readonly health: () => Health
  readonly logger: Logger
}

/** Answers `GET /metrics` and `GET /healthz` (200 healthy, 503 unhealthy). */
export class MetricsServer {
  readonly #options: MetricsServerOptions
  #server: Server | undefined

  constructor(options: MetricsServerOptions) {
    this.#options = options
  }

  /** Listens. A port in use is logged: the process works on without metrics. */
  async start(): Promise<void> {
    const { host, port, logger } = this.#options
    if (port === 0 || this.#server) return
    const server = createServer((request, response) => {
      void this.#answer(request.url ?? '').then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type })
        response.end(body)
      })
    })
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

  async #answer(url: string): Promise<{ status: number; type: string; body: string }> {
    const { registry, health } = this.#options
    const path = url.split('?')[0]
    if (path === '/metrics') {
      return { status: 200, type: registry.contentType, body: await registry.metrics() }
    }
    if (path === '/healthz') {
      const { healthy, detail } = health()
      const body = `${JSON.stringify({ healthy, ...detail })}\n`
      return { status: healthy ? 200 : 503, type: 'application/json', body }
    }
    return { status: 404, type: 'text/plain', body: 'try /metrics or /healthz\n' }
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}
