/** The web server over the demonstration's flows, with their time as its clock, and requests to it. */

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { readWebSettings } from '../../../console/web/config.ts'
import { WebServer } from '../../../console/web/web-server.ts'
import { createLogger } from '../../../shared/logger.ts'
import type { Pipeline } from '../../helpers/pipeline.ts'
import { TerminalHarness } from '../terminal/terminal-harness.ts'

/** The end of the range that holds all flows. */
export const NOW_MS = Date.parse('2026-11-28T12:30:00Z')
/** Holds all flows. */
export const HOUR = 'since=2026-11-28T12:00:00Z&until=2026-11-28T13:00:00Z'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: each test asserts the members that it expects.
  readonly json: any
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

/** Sends a request with exactly these headers. */
export function send(url: string, options: RequestOptions = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, signal } = options
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers, ...(signal && { signal }) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const isJson = response.headers['content-type']?.startsWith('application/json')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson && text !== '' ? JSON.parse(text) : undefined,
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Starts a server on a free port. */
export async function startServer(
  environment: Readonly<Record<string, string>>,
  now: () => number = () => NOW_MS,
): Promise<WebServer & { readonly origin: string }> {
  const settings = { ...readWebSettings(environment), WEB_PORT: 0 }
  const server = new WebServer({ settings, logger: createLogger('web', 'silent'), now })
  await server.start()
  return Object.assign(server, { origin: (server.url ?? '').replace(/\/$/, '') })
}

export class WebHarness {
  readonly terminal: TerminalHarness
  readonly server: WebServer & { readonly origin: string }

  private constructor(terminal: TerminalHarness, server: WebServer & { readonly origin: string }) {
    this.terminal = terminal
    this.server = server
  }

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<WebHarness> {
    const terminal = await TerminalHarness.start()
    const { databaseUrl } = terminal.pipeline
    const server = await startServer({ DATABASE_URL: databaseUrl, ...environment })
    return new WebHarness(terminal, server)
  }

  get pipeline(): Pipeline {
    return this.terminal.pipeline
  }

  /** Asks for a path with its parameters. */
  get(path: string, options?: RequestOptions): Promise<Reply> {
    return send(this.server.origin + path, options)
  }

  async stop(): Promise<void> {
    await this.server.stop()
    await this.terminal.stop()
  }
}
