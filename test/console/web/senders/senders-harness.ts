/** netflow.io's API over a database with rollups, as the roles of a deployment have it. */

import { createHmac } from 'node:crypto'
import type { Hono } from 'hono'
import { Failures } from '../../../../console/web/guard/failures.ts'
import { OperatorDatabase } from '../../../../console/web/senders/operator-database.ts'
import { createSendersApp } from '../../../../console/web/senders/senders-app.ts'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { RolesServer } from '../../../helpers/roles-server.ts'
import { RollupHarness, SHALLOW } from '../../../helpers/rollup-harness.ts'
import { startServer } from '../web-harness.ts'

export const AUTH_KEY = 'e08e7d7c-5b1f-4a0e-9d59-0d0f2c2f4f11'
export const SIGN_KEY = 'a77c9f0a-2f2e-4bb1-8f0c-5c1d5e2b8d22'

export interface Reply {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** The body as JSON. */
  readonly json: () => unknown
}

export interface RequestOptions {
  /** A text is sent as it is; anything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export function sign(text: string | Uint8Array): string {
  return createHmac('sha256', SIGN_KEY).update(text).digest('hex')
}

/** The headers by which netflow.io's manual signs every request. */
export const STATIC_HEADERS = { 'X-Io-Auth': AUTH_KEY, 'X-Io-Sign': sign(AUTH_KEY) } as const

export class SendersHarness {
  readonly roles: RolesServer
  readonly rollups: RollupHarness
  readonly app: Pick<Hono, 'request' | 'fetch'>
  /** Faults of the program that requests have met. */
  readonly errors: unknown[] = []
  /** Unix milliseconds, as the API sees it. */
  nowMs = Date.parse('2026-11-28T12:00:00Z')
  readonly #database: OperatorDatabase
  #server: { readonly origin: string; stop(): Promise<void> } | undefined

  private constructor(roles: RolesServer, rollups: RollupHarness) {
    this.roles = roles
    this.rollups = rollups
    this.#database = new OperatorDatabase({
      databaseUrl: roles.urlOf('netflow_operator'),
      timeoutMs: 15_000,
    })
    this.app = createSendersApp({
      database: this.#database,
      keys: { authKey: AUTH_KEY, signKey: SIGN_KEY, allowStatic: true },
      failures: new Failures(),
      addressOf: ({ req }) => req.header('x-test-address') ?? '127.0.0.1',
      now: () => this.nowMs,
      onError: (error) => this.errors.push(error),
    }) as unknown as Hono
  }

  /** Starts a server, and a database without flows. */
  static async start(): Promise<SendersHarness> {
    const roles = await RolesServer.start()
    const url = roles.urlOf('netflow_writer')
    const client = await connectDatabase({ connectionString: url })
    const database = { url, drop: () => Promise.resolve() }
    const rollups = new RollupHarness(database, client, SHALLOW)
    return new SendersHarness(roles, rollups)
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    await this.#database.stop()
    await this.rollups.stop().catch(() => {})
    await this.roles.stop()
  }

  /** Sends a request with the signature of the manual. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const { body, headers } = options
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const response = await this.app.request(path, {
      method,
      headers: { ...STATIC_HEADERS, ...headers },
      ...(text === undefined ? {} : { body: text }),
    })
    const content = await response.text()
    const { status } = response
    return { status, text: content, headers: response.headers, json: () => JSON.parse(content) }
  }

  /** Starts the web server with this API on loopback; returns its origin. */
  async listen(environment: Readonly<Record<string, string>> = {}): Promise<string> {
    this.#server = await startServer(
      {
        DATABASE_URL: this.roles.urlOf('netflow_reader'),
        API_DATABASE_URL: this.roles.urlOf('netflow_operator'),
        API_AUTH_KEY: AUTH_KEY,
        API_SIGN_KEY: SIGN_KEY,
        ...environment,
      },
      () => this.nowMs,
    )
    return this.#server.origin
  }

  /** Lets a minute pass, so that unauthorised requests are forgotten. */
  forgetFailures(): void {
    this.nowMs += 61_000
  }

  /** Removes everything that a test has stored. */
  async clear(): Promise<void> {
    await this.rollups.ask(
      `truncate flows, exporters, exporter_prefixes, prefix_changes, rollup_dirty, rollup_minute,
         rollup_hour, rollup_day, rollup_lists cascade`,
    )
    await this.rollups.ask(
      `update rollup_state set settled_until = '-infinity', minutes_since = '-infinity',
         hours_since = '-infinity', days_since = '-infinity', hour_lists_since = '-infinity',
         day_lists_since = '-infinity'`,
    )
    this.forgetFailures()
    this.errors.length = 0
  }
}
