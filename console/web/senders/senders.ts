/** Opens the API of senders as a part of the web server: its routes, its keys and its connections. */

import { type Context, Hono } from 'hono'
import type { Logger } from '../../../shared/logger.ts'
import { Failures } from '../guard/failures.ts'
import { OperatorDatabase } from './operator-database.ts'
import { createSendersApp } from './senders-app.ts'
import { SendersError } from './senders-error.ts'

interface SendersSettings {
  readonly DATABASE_URL: string
  readonly API_DATABASE_URL: string
  readonly API_AUTH_KEY: string
  readonly API_SIGN_KEY: string
  readonly API_ALLOW_STATIC_SIGNATURE: 'auto' | 'on' | 'off'
  readonly WEB_TIMEOUT_MS: number
}

interface OpenSendersOptions {
  readonly settings: SendersSettings
  /** Whether only programs of this host can reach the server. */
  readonly isLoopback: boolean
  /** The address of the client. */
  readonly addressOf: (context: Context) => string
  readonly logger: Logger
  readonly now: () => number
}

export interface Senders {
  readonly app: Hono
  stop(): Promise<void>
}

/** Opens the API. Without keys, it only says that it is off. */
export function openSenders(options: OpenSendersOptions): Senders {
  const { settings, isLoopback, addressOf, logger, now } = options
  const { API_AUTH_KEY, API_SIGN_KEY, API_ALLOW_STATIC_SIGNATURE } = settings
  if (API_AUTH_KEY === '' || API_SIGN_KEY === '') return { app: mount(OFF), stop: async () => {} }
  const database = new OperatorDatabase({
    databaseUrl: settings.API_DATABASE_URL || settings.DATABASE_URL,
    timeoutMs: settings.WEB_TIMEOUT_MS,
  })
  const app = createSendersApp({
    database,
    keys: {
      authKey: API_AUTH_KEY,
      signKey: API_SIGN_KEY,
      allowStatic:
        API_ALLOW_STATIC_SIGNATURE === 'auto' ? isLoopback : API_ALLOW_STATIC_SIGNATURE === 'on',
    },
    failures: new Failures(),
    addressOf,
    now,
    onError: (fault) => logger.error({ fault }, 'a request about senders could not be answered'),
  })
  return { app: mount(app), stop: () => database.stop() }
}

const OFF = new Hono().all('*', (context) => {
  const error = new SendersError(404, 'this API is off: set API_AUTH_KEY and API_SIGN_KEY')
  return context.json(error.toJSON(), error.status)
})

/** Passes whole requests on, because the API has its own errors, and its own view of slashes. */
function mount(api: Pick<Hono, 'fetch'>): Hono {
  const app = new Hono()
  for (const path of ['/senders/*', '/stats/*']) {
    app.all(path, ({ req, env }) => api.fetch(req.raw, env))
  }
  return app
}
