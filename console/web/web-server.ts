/** The web server: opens its port and its sessions of the database, and closes them again. */

import type { Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { readVersion } from '../../shared/command-line.ts'
import type { Logger } from '../../shared/logger.ts'
import { buildApp, clientAddress } from './app.ts'
import { isLoopback, readTls, type WebSettings } from './config.ts'
import { Access } from './guard/access.ts'
import { Failures } from './guard/failures.ts'
import { ListenError } from './listen-error.ts'
import { WebMetrics } from './metrics.ts'
import { readPageFiles } from './page-files.ts'
import { AnswerCache } from './reader/answer-cache.ts'
import { Reader } from './reader/reader.ts'
import { openSenders, type Senders } from './senders/senders.ts'

/** Sessions; each runs one question at a time. */
const CONNECTIONS = 4
/** Questions that run or wait. */
const MAX_QUESTIONS = 8
const WORK_MEM_BYTES = 67_108_864
const MAX_CONNECTIONS = 1_024
/** Filters in a URL may be long. */
const MAX_HEADER_BYTES = 32_768
const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 30_000

interface WebServerOptions {
  readonly settings: WebSettings
  readonly logger: Logger
  readonly now?: () => number
}

export class WebServer {
  readonly #options: WebServerOptions
  readonly #reader: Reader
  readonly #senders: Senders
  #server: Server | TlsServer | undefined

  constructor(options: WebServerOptions) {
    this.#options = options
    const { settings } = options
    this.#reader = new Reader({
      databaseUrl: settings.DATABASE_URL,
      applicationName: 'netflow-web',
      connections: CONNECTIONS,
      questions: MAX_QUESTIONS,
      timeoutMs: settings.WEB_TIMEOUT_MS,
      workMemBytes: WORK_MEM_BYTES,
    })
    this.#senders = openSenders({
      settings,
      isLoopback: isLoopback(settings.WEB_HOST),
      addressOf: (context) => clientAddress(context, settings.WEB_TRUST_PROXY === 'on'),
      logger: options.logger,
      now: options.now ?? Date.now,
    })
  }

  /** The URL of the page; undefined before `start`. */
  get url(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined
    if (!address) return undefined
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `http${this.#options.settings.WEB_TLS_CERT ? 's' : ''}://${host}:${address.port}/`
  }

  /** Listens. @throws ListenError when the port cannot be opened */
  async start(): Promise<void> {
    if (this.#server) return
    const { settings, logger } = this.#options
    const server = this.#create()
    server.maxConnections = MAX_CONNECTIONS
    await new Promise<void>((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => {
        reject(new ListenError(settings.WEB_HOST, settings.WEB_PORT, error))
      }
      server.once('error', onError)
      server.listen(settings.WEB_PORT, settings.WEB_HOST, () => {
        server.off('error', onError)
        resolve()
      })
    })
    this.#server = server
    logger.info({ url: this.url }, 'page and API are served')
  }

  #create(): Server | TlsServer {
    const { settings, logger, now = Date.now } = this.#options
    const reader = this.#reader
    const cache = new AnswerCache(settings.WEB_CACHE_BYTES, () => performance.now())
    const failures = new Failures()
    const app = buildApp({
      answering: { reader, cache, maxRangeDays: settings.WEB_MAX_RANGE_DAYS },
      access: new Access(settings.WEB_PASSWORD, failures),
      files: readPageFiles(),
      metrics: new WebMetrics({ reader, cache, failures }),
      version: readVersion(),
      hostNames: new Set(settings.WEB_HOSTS.map((name) => name.toLowerCase())),
      trustProxy: settings.WEB_TRUST_PROXY === 'on',
      logger,
      now,
      senders: this.#senders.app,
    })
    const serverOptions = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    }
    if (settings.WEB_TLS_CERT === '') {
      return createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server
    }
    return createAdaptorServer({
      fetch: app.fetch,
      createServer: createTlsServer,
      serverOptions: { ...serverOptions, ...readTls(settings) },
    }) as TlsServer
  }

  /** Reads the certificate again. The old one stays when the new one cannot be used. */
  reload(): void {
    const { settings, logger } = this.#options
    if (settings.WEB_TLS_CERT === '' || !this.#server) return
    try {
      const server = this.#server as TlsServer
      server.setSecureContext(readTls(settings))
      logger.info('the certificate was read again')
    } catch (error) {
      const { message } = error as Error
      logger.error({ reason: message }, 'the new certificate cannot be used; the old one stays')
    }
  }

  /** Ends running answers, and closes everything. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
    await Promise.all([this.#reader.stop(), this.#senders.stop()])
  }
}
