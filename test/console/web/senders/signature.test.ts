import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  findSignatureProblem,
  type SignedRequest,
  type SigningKeys,
} from '../../../../console/web/senders/signature.ts'

const KEYS: SigningKeys = {
  authKey: 'an-authorisation-key',
  signKey: 'a-signing-key-of-ours',
  allowStatic: true,
}
const NOW_MS = Date.parse('2026-11-28T12:00:00Z')
const NOW = String(NOW_MS / 1000)
const BODY = Buffer.from('{"prefixes":[]}')

function hmac(...parts: readonly (string | Uint8Array)[]): string {
  const digest = createHmac('sha256', KEYS.signKey)
  for (const part of parts) digest.update(part)
  return digest.digest('hex')
}

function problemOf(request: Partial<SignedRequest>, keys = KEYS): string | undefined {
  const given: SignedRequest = {
    auth: KEYS.authKey,
    sign: undefined,
    time: undefined,
    method: 'PUT',
    target: '/senders/192.0.2.1?replace=true',
    body: BODY,
    ...request,
  }
  return findSignatureProblem(given, keys, NOW_MS)
}

/** A signature of the parts, with its time. */
function timed(time: string, method = 'PUT', target = '/senders/192.0.2.1?replace=true') {
  return { time, sign: hmac(`${method}\n${target}\n${time}\n`, BODY) }
}

describe('a signature', () => {
  it('over the body or the authorisation key is accepted, as in netflow.io', () => {
    assert.equal(problemOf({ sign: hmac(BODY) }), undefined)
    assert.equal(problemOf({ sign: hmac(KEYS.authKey) }), undefined)
    assert.equal(problemOf({ sign: hmac(''), body: Buffer.alloc(0) }), undefined)
  })

  for (const prefix of [
    '',
    '(stdin)= ',
    'SHA2-256(stdin)= ',
    'HMAC-SHA2-256(stdin)= ',
    'SHA256(-)= ',
  ]) {
    it(`is read after ${JSON.stringify(prefix)}`, () => {
      assert.equal(problemOf({ sign: `${prefix}${hmac(BODY)}` }), undefined)
      assert.equal(problemOf({ sign: `${prefix}${hmac(BODY).toUpperCase()}` }), undefined)
    })
  }

  for (const [what, sign] of [
    ['of another key', createHmac('sha256', 'another').update(BODY).digest('hex')],
    ['of another body', hmac('{"prefixes":[{}]}')],
    ['that is cut', hmac(BODY).slice(1)],
    ['that is empty', ''],
    ['that is no hex', 'g'.repeat(64)],
    ['with something behind it', `${hmac(BODY)}0`],
  ] as const) {
    it(`${what} is refused`, () => {
      assert.ok(problemOf({ sign }))
    })
  }

  it('needs both headers, and the right authorisation key', () => {
    assert.match(problemOf({}) ?? '', /X-Io-Sign/)
    assert.match(problemOf({ auth: undefined, sign: hmac(BODY) }) ?? '', /X-Io-Auth/)
    assert.ok(problemOf({ auth: 'another', sign: hmac(BODY) }))
    assert.ok(problemOf({ auth: `${KEYS.authKey} `, sign: hmac(BODY) }))
  })

  it('with a time is over method, path, query, time and body', () => {
    assert.equal(problemOf(timed(NOW)), undefined)
    assert.ok(problemOf({ ...timed(NOW), method: 'DELETE' }))
    assert.ok(problemOf({ ...timed(NOW), target: '/senders/192.0.2.1' }))
    assert.ok(problemOf({ ...timed(NOW), target: '/senders/192.0.2.2?replace=true' }))
    assert.ok(problemOf({ ...timed(NOW), body: Buffer.from('{}') }))
    assert.ok(problemOf({ ...timed(NOW), time: String(Number(NOW) + 1) }))
    assert.ok(problemOf({ sign: hmac(BODY), time: NOW }), 'a static one is none with a time')
  })

  it('with a time is valid for five minutes before and after it', () => {
    for (const [seconds, isGood] of [
      [-300, true],
      [300, true],
      [-301, false],
      [301, false],
    ] as const) {
      const problem = problemOf(timed(String(Number(NOW) + seconds)))
      assert.equal(problem === undefined, isGood, `${seconds} s`)
    }
    for (const time of ['', 'now', '-1', '1e9', ' ', `${NOW}.5`])
      assert.ok(problemOf(timed(time)), time)
  })

  it('without a time is refused where static ones are not allowed', () => {
    const keys = { ...KEYS, allowStatic: false }
    assert.match(problemOf({ sign: hmac(BODY) }, keys) ?? '', /X-Io-Time/)
    assert.match(problemOf({ sign: hmac(KEYS.authKey) }, keys) ?? '', /X-Io-Time/)
    assert.equal(problemOf(timed(NOW), keys), undefined)
  })

  it('is compared, whatever the headers are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.option(fc.string()), (auth, sign, time) => {
        assert.ok(problemOf({ auth, sign, time: time ?? undefined }))
      }),
    )
  })
})
