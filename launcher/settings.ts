/**
 * The settings of `npm start`: those of all processes, checked together, and the choice of the
 * database.
 */

import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { COLLECTOR_SETTINGS, readCollectorSettings } from '../collector/config.ts'
import { readWebSettings, WEB_SETTINGS } from '../console/web/config.ts'
import { integer, readSettings, SettingsError } from '../shared/settings.ts'
import { readWriterSettings, WRITER_SETTINGS } from '../writer/config.ts'

export interface LauncherSettings {
  /** The user's own database; undefined: the embedded server. */
  readonly databaseUrl: string | undefined
  /** The TCP port of the embedded server on loopback; 0: none. */
  readonly embeddedPort: number
  /** Absolute. */
  readonly pipePath: string
  readonly netflowHost: string
  readonly logLevel: string
  /** Whether the page is served. */
  readonly hasWeb: boolean
  /** Variables of the writer beside the environment of this process. */
  readonly writerEnvironment: Readonly<Record<string, string>>
}

/** The settings that only `npm start` has. */
export const EMBEDDED_SETTINGS = {
  EMBEDDED_PG_PORT: integer(0, 0, 65_535)
    .refine((port) => port === 0 || port >= 1024, 'expected 0 or a port from 1024 to 65535')
    .describe('TCP port of the embedded database on loopback, for netflow_reader; 0 is off'),
}

/** Every setting of `npm start` by its name in the environment. */
export const LAUNCHER_SETTINGS = {
  ...COLLECTOR_SETTINGS,
  ...WEB_SETTINGS,
  ...WRITER_SETTINGS,
  ...EMBEDDED_SETTINGS,
  METRICS_PORT: COLLECTOR_SETTINGS.METRICS_PORT.describe(
    'port of metrics and health; 0 is off; the writer uses the next port',
  ),
}

/** All data that outlives this program, below the folder in which it was started. */
export const DATA_DIR = resolve('data')

/** The password of `netflow_reader` in the embedded server. */
export const READER_PASSWORD_FILE = resolve(DATA_DIR, 'reader-password')

/** Variables that name the place of a database, unlike a user name or a password. */
const PLACE_VARIABLES = ['PGHOST', 'PGPORT', 'PGDATABASE'] as const

/**
 * Reads the settings.
 *
 * @throws SettingsError that lists every problem of all processes
 */
export function readLauncherSettings(environment: NodeJS.ProcessEnv): LauncherSettings {
  const problems = new Set<string>()
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      for (const problem of error.problems) problems.add(problem)
      return undefined
    }
  }
  const metricsPort = environment['METRICS_PORT']?.trim()
  const databaseUrl = chooseDatabaseUrl(environment)
  const collector = attempt(() => readCollectorSettings(environment))
  const writer = attempt(() => readWriterSettings(environment))
  const web = attempt(() => readWebSettings(environment))
  const embedded = attempt(() => readSettings(EMBEDDED_SETTINGS, environment))
  const writerMetricsPort = metricsPort && Number(metricsPort) > 0 ? Number(metricsPort) + 1 : 0
  if (writerMetricsPort === 65_536) {
    problems.add('METRICS_PORT=65535: the writer uses the next port, and there is none')
  }
  if (!collector || !writer || !web || !embedded || problems.size > 0) {
    throw new SettingsError([...problems])
  }
  return {
    databaseUrl,
    embeddedPort: embedded.EMBEDDED_PG_PORT,
    pipePath: resolve(collector.NAMED_PIPE_FILENAME),
    netflowHost: collector.NETFLOW_HOST,
    logLevel: collector.LOG_LEVEL,
    hasWeb: web.WEB_PORT > 0,
    writerEnvironment: metricsPort ? { METRICS_PORT: String(writerMetricsPort) } : {},
  }
}

function chooseDatabaseUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const given = environment['DATABASE_URL']?.trim()
  if (given) return given
  if (!PLACE_VARIABLES.some((name) => environment[name])) return undefined
  const user = environment['PGUSER'] || userInfo().username
  const password = environment['PGPASSWORD']
  const account = encodeURIComponent(user) + (password ? `:${encodeURIComponent(password)}` : '')
  const host = environment['PGHOST'] || 'localhost'
  // A path means the folder of a socket. An IPv6 address needs brackets.
  const place = host.startsWith('/') ? encodeURIComponent(host) : bracketIpv6(host)
  const port = environment['PGPORT'] || '5432'
  return `postgres://${account}@${place}:${port}/${encodeURIComponent(environment['PGDATABASE'] || user)}`
}

function bracketIpv6(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Returns the environment without libpq's variables, which would affect the embedded server. */
export function withoutPostgresVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('PG')))
}

/** Returns the environment of a process that has nothing to do with the database. */
export function withoutDatabase(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, ...others } = withoutPostgresVariables(environment)
  return others
}
