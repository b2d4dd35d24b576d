/**
 * Shows connection strings of PostgreSQL without their secrets. Only parsed parts are shown, so
 * that no mistake in a string reveals the password.
 */

/** The parts of a connection string that a person may see. */
export interface DatabasePlace {
  readonly user: string
  readonly host: string
  readonly port: string
  readonly database: string
  /** Parameters such as `sslmode`, without secrets. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Parameters that say where and how to connect; all others stay hidden. */
const SHOWN = new Set([
  'application_name',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'target_session_attrs',
  'uselibpqcompat',
])

/** Replaces the empty host of `postgres://user@/database`, which a URL must not have. */
const NO_HOST = 'no-host.invalid'

/**
 * Parses a connection string.
 *
 * @returns undefined unless it is a URL of PostgreSQL whose parts are certain. A `/`, `#` or `?` in
 *   the password that is not encoded leaves an `@` after the place of the host.
 */
export function parseDatabaseUrl(text: string): DatabasePlace | undefined {
  if (!/^postgres(ql)?:\/\//i.test(text)) return undefined
  const whole = text.replace(/^([a-z]+:\/\/[^/?#]*@|[a-z]+:\/\/)(?=[/:?]|$)/i, `$1${NO_HOST}`)
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  if (!url || /[@\s]/.test(url.pathname + url.search) || url.hash !== '') return undefined
  const decode = (part: string) => decodeOrUndefined(part) ?? ''
  const parameter = (name: string) => url.searchParams.get(name)
  const host = decode(url.hostname.replace(/^\[|\]$/g, ''))
  return {
    user: parameter('user') ?? decode(url.username),
    host: parameter('host') ?? (host === NO_HOST ? '' : host),
    port: parameter('port') ?? url.port,
    database: decode(url.pathname.slice(1)),
    parameters: new Map([...url.searchParams].filter(([name]) => SHOWN.has(name))),
  }
}

function decodeOrUndefined(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined // A lone %, which no encoder writes.
  }
}

/** Returns the connection string without its secrets; `***` for one that cannot be parsed. */
export function printableDatabaseUrl(text: string): string {
  const place = parseDatabaseUrl(text)
  if (!place) return '***'
  const { user, host, port, database, parameters } = place
  const account = user === '' ? '' : `${encodeURIComponent(user)}@`
  // A path means the folder of a socket. An IPv6 address needs brackets.
  const isAddress = /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host)
  const name = isAddress ? `[${host}]` : encodeURIComponent(host)
  const query = new URLSearchParams([...parameters]).toString()
  return (
    `postgres://${account}${name}${port === '' ? '' : `:${port}`}` +
    `/${encodeURIComponent(database)}${query === '' ? '' : `?${query}`}`
  )
}
