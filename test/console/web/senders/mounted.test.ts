/** The API of senders in the web server: when it is there, and what the server checks before. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { send, startServer } from '../web-harness.ts'
import { AUTH_KEY, SendersHarness, SIGN_KEY, STATIC_HEADERS, sign } from './senders-harness.ts'

const BODY = '{"prefixes":[{"prefix":"172.16.1.0","prefixLen":24}]}'

describe('the API of senders in the web server', () => {
  let given: SendersHarness
  before(async () => {
    given = await SendersHarness.start()
  })
  after(() => given.stop())

  /** Starts a server for `use`. */
  async function serve(
    environment: Readonly<Record<string, string>>,
    use: (origin: string) => Promise<void>,
  ): Promise<void> {
    const keys = { API_AUTH_KEY: AUTH_KEY, API_SIGN_KEY: SIGN_KEY }
    const server = await startServer(
      {
        DATABASE_URL: given.roles.urlOf('netflow_reader'),
        API_DATABASE_URL: given.roles.urlOf('netflow_operator'),
        ...keys,
        ...environment,
      },
      () => given.nowMs,
    )
    try {
      await use(server.origin)
    } finally {
      await server.stop()
    }
  }

  const put = (origin: string, headers: Readonly<Record<string, string>>) =>
    send(`${origin}/senders/192.0.2.1`, { method: 'PUT', headers, body: BODY })

  it('is there when both keys are set, beside the page', async () => {
    await serve({}, async (origin) => {
      const { status, json } = await send(`${origin}/senders`, { headers: STATIC_HEADERS })
      assert.deepEqual([status, json], [200, []])
      assert.equal((await send(`${origin}/senders`)).status, 401)
      assert.equal((await send(`${origin}/healthz`)).status, 200)
      const lost = await send(`${origin}/senders/192.0.2.1/x`, { headers: STATIC_HEADERS })
      assert.deepEqual([lost.status, lost.json.status], [404, 'NOT_FOUND'])
    })
  })

  it('is not there without keys', async () => {
    await serve({ API_AUTH_KEY: '', API_SIGN_KEY: '' }, async (origin) => {
      for (const [method, path] of [
        ['GET', '/senders'],
        ['PUT', '/senders/192.0.2.1'],
        ['POST', '/stats/192.0.2.1'],
      ] as const) {
        const { status, json } = await send(origin + path, { method, headers: STATIC_HEADERS })
        assert.equal(status, 404)
        assert.match(json.message, /is off: set API_AUTH_KEY/)
      }
    })
  })

  it('checks its own signature, not the password of the page', async () => {
    await serve({ WEB_PASSWORD: 'of-the-page' }, async (origin) => {
      const authorization = `Bearer of-the-page`
      assert.equal((await put(origin, { authorization })).status, 401)
      assert.equal((await put(origin, STATIC_HEADERS)).status, 200)
      assert.equal((await send(`${origin}/api/balance`)).status, 401)
      assert.equal((await send(`${origin}/api/balance`, { headers: STATIC_HEADERS })).status, 401)
    })
  })

  it('accepts signatures without a time on the loopback, unless it must not', async () => {
    for (const [setting, status] of [
      ['auto', 200],
      ['on', 200],
      ['off', 401],
    ] as const) {
      await serve({ API_ALLOW_STATIC_SIGNATURE: setting }, async (origin) => {
        assert.equal((await put(origin, STATIC_HEADERS)).status, status, setting)
      })
    }
    const elsewhere = { WEB_HOST: '0.0.0.0', WEB_PASSWORD: 'of-the-page', WEB_TRUST_PROXY: 'on' }
    await serve(elsewhere, async (origin) => {
      const local = origin.replace('0.0.0.0', '127.0.0.1')
      assert.equal((await put(local, STATIC_HEADERS)).status, 401)
      const time = String(given.nowMs / 1000)
      const text = `PUT\n/senders/192.0.2.1\n${time}\n${BODY}`
      const headers = { ...STATIC_HEADERS, 'X-Io-Time': time, 'X-Io-Sign': sign(text) }
      assert.equal((await put(local, headers)).status, 200)
    })
  })

  it('checks the signature of path and query as they are sent', async () => {
    await serve({ API_ALLOW_STATIC_SIGNATURE: 'off' }, async (origin) => {
      const time = String(given.nowMs / 1000)
      for (const target of [
        '/senders/%3A%3Affff%3A192.0.2.1?replace=true',
        '/senders/192.0.2.1/',
      ]) {
        const signature = sign(`PUT\n${target}\n${time}\n${BODY}`)
        const headers = { ...STATIC_HEADERS, 'X-Io-Time': time, 'X-Io-Sign': signature }
        const { status, text } = await send(origin + target, { method: 'PUT', headers, body: BODY })
        assert.equal(status, 200, text)
      }
    })
  })

  it('is not for the pages of other sites, nor under the names of others', async () => {
    await serve({}, async (origin) => {
      const foreign = { ...STATIC_HEADERS, origin: 'http://example.net' }
      assert.equal((await put(origin, foreign)).status, 403)
      assert.equal((await put(origin, { ...STATIC_HEADERS, host: 'example.net' })).status, 421)
    })
  })

  it('says what to set when its role may change nothing', async () => {
    await serve({ API_DATABASE_URL: '' }, async (origin) => {
      const { status, json } = await put(origin, STATIC_HEADERS)
      assert.equal(status, 503)
      assert.match(json.message, /API_DATABASE_URL/)
      assert.equal((await send(`${origin}/senders`, { headers: STATIC_HEADERS })).status, 200)
    })
  })

  it('counts failures by the address that a trusted proxy names', async () => {
    await serve({ WEB_TRUST_PROXY: 'on' }, async (origin) => {
      const from = (address: string) => ({ 'x-forwarded-for': `203.0.113.1, ${address}` })
      for (let time = 0; time < 10; time += 1) {
        assert.equal((await put(origin, from('192.0.2.66'))).status, 401)
      }
      assert.equal((await put(origin, { ...STATIC_HEADERS, ...from('192.0.2.66') })).status, 429)
      assert.equal((await put(origin, { ...STATIC_HEADERS, ...from('192.0.2.67') })).status, 200)
    })
  })
})
