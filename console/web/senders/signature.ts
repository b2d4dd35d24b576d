/**
 * Checks who sends a request, by two headers. One is an HMAC-SHA256 in hex under the signing key.
 *
 *     X-Io-Auth: <API_AUTH_KEY>
 *     X-Io-Sign: [<anything>= ] <64 hex digits>
 *     X-Io-Time: <Unix seconds>                       optional
 *
 * With a time, the signed text is `METHOD\npath?query\ntime\nbody`. Without one, it is the body or the
 * authorisation key, as in netflow.io; such a signature stays valid for ever, and for other requests.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** How far the clocks of both sides may differ. */
const MAX_AGE_SECONDS = 300

export interface SigningKeys {
  readonly authKey: string
  readonly signKey: string
  /** Whether signatures without a time are accepted. */
  readonly allowStatic: boolean
}

/** The parts of a request that are checked. Headers are Latin-1, as in HTTP. */
export interface SignedRequest {
  readonly auth: string | undefined
  readonly sign: string | undefined
  readonly time: string | undefined
  readonly method: string
  /** Path and query, as they were sent. */
  readonly target: string
  readonly body: Uint8Array
}

/** Returns why a request is not authorised; undefined: it is. */
export function findSignatureProblem(
  request: SignedRequest,
  keys: SigningKeys,
  nowMs: number,
): string | undefined {
  const { auth, sign, time } = request
  if (auth === undefined || sign === undefined) {
    return 'the headers X-Io-Auth and X-Io-Sign are needed; parameters of the URL are not read'
  }
  const digest = readDigest(sign)
  if (!digest) {
    return 'X-Io-Sign is not the output of openssl dgst -sha256 -hmac, nor its 64 hex digits'
  }
  if (time === undefined && !keys.allowStatic) {
    return 'X-Io-Time is needed: signatures without a time are not accepted here'
  }
  if (time !== undefined && !isRecent(time, nowMs)) {
    return `X-Io-Time is not within ${MAX_AGE_SECONDS} s of the server's time, in Unix seconds`
  }
  // Every comparison is made, so that the time does not reveal which of them has failed.
  const isKnown = areEqual(Buffer.from(auth, 'latin1'), Buffer.from(keys.authKey))
  const isSigned = signedTexts(request, keys)
    .map((text) => timingSafeEqual(hmac(keys.signKey, text), digest))
    .includes(true)
  return isKnown && isSigned ? undefined : 'the keys are wrong, or another text was signed'
}

function signedTexts({ time, method, target, body }: SignedRequest, keys: SigningKeys) {
  if (time === undefined) return [Buffer.from(keys.authKey), body]
  return [Buffer.concat([Buffer.from(`${method}\n${target}\n${time}\n`, 'latin1'), body])]
}

function readDigest(sign: string): Buffer | undefined {
  const [, digits] = /^(?:[^=]*= ?)?([0-9a-f]{64})$/i.exec(sign.trim()) ?? []
  return digits === undefined ? undefined : Buffer.from(digits, 'hex')
}

function isRecent(time: string, nowMs: number): boolean {
  return /^\d{1,12}$/.test(time) && Math.abs(Number(time) - nowMs / 1000) <= MAX_AGE_SECONDS
}

function hmac(key: string, text: Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Compares in constant time, also texts of different lengths. */
function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  const digestOf = (text: Uint8Array) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digestOf(one), digestOf(other))
}
