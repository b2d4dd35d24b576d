/** The settings of the web server, all checked before anything is opened. */

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { z } from 'zod'
import {
  address,
  commonSettings,
  databaseUrl,
  integer,
  listOf,
  oneOf,
  readSettings,
  SettingsError,
  text,
} from '../../shared/settings.ts'

const ON_OR_OFF = ['on', 'off'] as const
const HOST_NAME = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/i
const MIN_KEY_LENGTH = 16

const secret = () => z.string().default('')

const key = () =>
  z
    .string()
    .refine((value) => value.length >= MIN_KEY_LENGTH, {
      message: `expected at least ${MIN_KEY_LENGTH} characters`,
    })
    .default('')

/** Every setting of the web server by its name in the environment. */
export const WEB_SETTINGS = {
  DATABASE_URL: databaseUrl().describe(
    'postgres://user:password@host:port/database, with the rights of netflow_reader; empty: PGHOST, PGUSER, …',
  ),
  WEB_HOST: address('127.0.0.1').describe(
    'listening address; another one than the loopback needs WEB_PASSWORD',
  ),
  WEB_PORT: integer(8080, 0, 65_535).describe('TCP port of the page and the API; 0 is off'),
  WEB_PASSWORD: secret().describe(
    'password of the page and the API, as HTTP Basic with any user, or as bearer token',
  ),
  WEB_HOSTS: listOf('a host name such as netflow.example.net', (name) => HOST_NAME.test(name))
    .default([])
    .describe('names by which browsers reach it, besides localhost and addresses'),
  WEB_TLS_CERT: text('').describe('file with the certificate chain, PEM; read again at SIGHUP'),
  WEB_TLS_KEY: text('').describe('file with its private key, PEM'),
  WEB_TRUST_PROXY: oneOf(ON_OR_OFF, 'off').describe(
    'on: a proxy in front ends TLS, and its X-Forwarded-For is believed',
  ),
  WEB_TIMEOUT_MS: integer(15_000, 100, 600_000).describe('longest time of an answer'),
  WEB_MAX_RANGE_DAYS: integer(400, 1, 36_500).describe('longest range of a question'),
  WEB_CACHE_BYTES: integer(33_554_432, 0, 1_073_741_824).describe('size of all kept answers'),
  API_AUTH_KEY: key().describe('key of the senders API; empty: that API is off'),
  API_SIGN_KEY: key().describe('key of its signatures'),
  API_ALLOW_STATIC_SIGNATURE: oneOf(['auto', 'on', 'off'], 'auto').describe(
    'whether signatures without a time are accepted; auto: on the loopback',
  ),
  API_DATABASE_URL: databaseUrl().describe(
    'as DATABASE_URL, with the rights of netflow_operator; empty: DATABASE_URL',
  ),
  LOG_LEVEL: commonSettings.LOG_LEVEL,
}

export type WebSettings = z.infer<z.ZodObject<typeof WEB_SETTINGS>>

/**
 * Reads the settings.
 *
 * @throws SettingsError that lists every problem
 */
export function readWebSettings(environment: NodeJS.ProcessEnv): WebSettings {
  const settings = readSettings(WEB_SETTINGS, environment)
  const problems = [...findTlsProblems(settings), ...findAccessProblems(settings)]
  if (problems.length > 0) throw new SettingsError(problems)
  return settings
}

/** Whether only programs of this host can reach an address. */
export function isLoopback(host: string): boolean {
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}

function findAccessProblems(settings: WebSettings): string[] {
  const { WEB_HOST, WEB_PASSWORD, WEB_TRUST_PROXY, WEB_TLS_CERT } = settings
  const { API_AUTH_KEY, API_SIGN_KEY } = settings
  const problems: string[] = []
  if ((API_AUTH_KEY === '') !== (API_SIGN_KEY === '')) {
    problems.push('API_AUTH_KEY and API_SIGN_KEY: both are needed, or none')
  }
  if (isLoopback(WEB_HOST)) return problems
  if (WEB_PASSWORD === '') {
    problems.push(
      `WEB_HOST=${WEB_HOST}: others could read all flows; set WEB_PASSWORD, or listen on 127.0.0.1`,
    )
  }
  if (API_AUTH_KEY !== '' && WEB_TLS_CERT === '' && WEB_TRUST_PROXY === 'off') {
    problems.push(
      `API_AUTH_KEY: on ${WEB_HOST} it would travel unencrypted; set WEB_TLS_CERT and WEB_TLS_KEY, ` +
        'or WEB_TRUST_PROXY=on behind a proxy with TLS',
    )
  }
  return problems
}

function findTlsProblems({ WEB_TLS_CERT, WEB_TLS_KEY }: WebSettings): string[] {
  if (WEB_TLS_CERT === '' && WEB_TLS_KEY === '') return []
  if (WEB_TLS_CERT === '' || WEB_TLS_KEY === '') {
    return ['WEB_TLS_CERT and WEB_TLS_KEY: both are needed, or none']
  }
  try {
    readTls({ WEB_TLS_CERT, WEB_TLS_KEY })
    return []
  } catch (error) {
    return [`WEB_TLS_CERT and WEB_TLS_KEY: ${(error as Error).message}`]
  }
}

/** Reads certificate and key. @throws when a file cannot be read, or they do not belong together */
export function readTls(settings: Pick<WebSettings, 'WEB_TLS_CERT' | 'WEB_TLS_KEY'>) {
  const tls = {
    cert: readFileSync(settings.WEB_TLS_CERT, 'utf8'),
    key: readFileSync(settings.WEB_TLS_KEY, 'utf8'),
  }
  createSecureContext(tls)
  return tls
}
