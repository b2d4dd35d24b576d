/**
 * Refuses requests by a name that is not this server's, and requests that the pages of other sites
 * send.
 */

import { isIP } from 'node:net'
import { ApiError } from '../api/api-error.ts'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The parts of a request that are checked; undefined when a header is absent. */
interface RequestOrigin {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly fetchMode: string | undefined
}

/**
 * Refuses names that another site could point to this server (DNS rebinding). Addresses are safe.
 *
 * @param names of this server, in lower case
 * @throws ApiError
 */
export function checkHost({ host }: RequestOrigin, names: ReadonlySet<string>): void {
  const name = hostName(host ?? '')
  if (name !== '' && (isIP(name) !== 0 || name === 'localhost' || names.has(name))) return
  throw new ApiError(
    'wrong_host',
    `this server is not known as "${name}": use its address, or add the name to WEB_HOSTS`,
  )
}

/** Refuses requests of other sites' pages. @throws ApiError */
export function checkOrigin(request: RequestOrigin): void {
  const { method, path, host, origin, fetchSite, fetchMode } = request
  const isForeign =
    fetchSite === 'cross-site' ||
    fetchSite === 'same-site' ||
    (origin !== undefined && originHost(origin) !== host?.toLowerCase())
  if (!isForeign) return
  // Another site may link to this server, but its scripts may not ask questions.
  if (READING.has(method) && (fetchMode === 'navigate' || !path.startsWith('/api/'))) return
  throw new ApiError('forbidden', 'the page of another site has sent this request')
}

function hostName(host: string): string {
  const name = /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d+$/, '')
  return name.toLowerCase().replace(/\.$/, '')
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined
}
