/** Checks the password, as HTTP Basic or as a bearer token, in constant time. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { ApiError } from '../api/api-error.ts'
import type { Failures } from './failures.ts'

const hash = (text: string) => createHash('sha256').update(text).digest()

interface AccessRequest {
  readonly authorization: string | undefined
  /** The client's address. */
  readonly address: string
  readonly nowMs: number
}

export class Access {
  readonly #password: Buffer | undefined
  readonly #failures: Failures

  /** @param password empty: no password is needed */
  constructor(password: string, failures: Failures) {
    this.#password = password === '' ? undefined : hash(password)
    this.#failures = failures
  }

  /** @throws ApiError unless the request has the password */
  check({ authorization, address, nowMs }: AccessRequest): void {
    if (!this.#password) return
    const seconds = this.#failures.refusedFor(address, nowMs)
    if (seconds > 0) {
      throw new ApiError('too_many_requests', 'too many wrong passwords: try again in a minute', {
        retryAfterSeconds: seconds,
      })
    }
    const given = readPassword(authorization)
    if (given !== undefined && timingSafeEqual(hash(given), this.#password)) return
    // Browsers send their first request without a password.
    if (given !== undefined) this.#failures.add(address, nowMs)
    throw new ApiError(
      'unauthorized',
      given === undefined
        ? 'the password is missing: HTTP Basic with any user, or Authorization: Bearer'
        : 'the password is wrong',
    )
  }
}

/** Returns the password of an Authorization header; undefined when there is none. */
function readPassword(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(authorization ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}
