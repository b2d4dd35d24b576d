/** What the web server refuses, and what it tells browsers. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { WebServer } from '../../../console/web/web-server.ts'
import { HOUR, NOW_MS, send, startServer, WebHarness } from './web-harness.ts'

const basic = (password: string, user = 'admin') => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

describe('the web server', () => {
  let web: WebHarness

  before(async () => {
    web = await WebHarness.start({ WEB_HOSTS: 'netflow.example.net' })
  })

  after(() => web.stop())

  it('forbids scripts and styles from elsewhere, frames and sniffing on every reply', async () => {
    for (const path of ['/', '/api', '/api/exporters', '/api/nothing', '/healthz']) {
      const { headers } = await web.get(path)
      const policy = String(headers['content-security-policy'])
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/)
      assert.match(policy, /base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/)
      assert.doesNotMatch(policy, /unsafe/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
    }
  })

  it('forbids to store answers of the API', async () => {
    const { headers } = await web.get(`/api/top?${HOUR}`)
    assert.equal(headers['cache-control'], 'no-store')
  })

  it('answers only to its own names', async () => {
    const statusFor = async (host: string) =>
      (await web.get('/api/filter', { headers: { host } })).status
    for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1', '[::1]:8080', '192.0.2.1']) {
      assert.equal(await statusFor(host), 200, host)
    }
    assert.equal(await statusFor('netflow.example.net:8080'), 200)
    for (const host of [
      'evil.example',
      'netflow.example.net.evil.example',
      '127.0.0.1.evil.example',
      'x',
    ]) {
      const { status, json } = await web.get('/api/filter', { headers: { host } })
      assert.equal(status, 421, host)
      assert.equal(json.error, 'wrong_host')
    }
  })

  it('refuses what pages of other sites send', async () => {
    const asked = (headers: Record<string, string>, path = '/api/filter') =>
      web.get(path, { headers })
    assert.equal(
      (await asked({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status,
      403,
    )
    assert.equal(
      (await asked({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' })).status,
      403,
    )
    assert.equal((await asked({ origin: 'https://evil.example' })).status, 403)
    assert.equal((await asked({ origin: 'null' })).status, 403)
    assert.equal((await asked({ origin: web.server.origin })).status, 200)
    assert.equal((await asked({ 'sec-fetch-site': 'same-origin' })).status, 200)
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    assert.equal((await asked(link, '/api')).status, 200)
    const post = await web.get('/', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
    assert.equal(post.status, 403)
  })

  it('accepts only methods that read', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const { status, headers, json } = await web.get('/api/exporters', { method })
      assert.equal(status, 405)
      assert.equal(headers.allow, 'GET, HEAD')
      assert.equal(json.error, 'method_not_allowed')
    }
    const { status, text } = await web.get('/api/exporters', { method: 'HEAD' })
    assert.deepEqual([status, text], [200, ''])
  })

  it('says nothing of files outside the page', async () => {
    for (const path of [
      '/page/../main.js',
      '/page/%2e%2e/main.js',
      '/query/../../package.json',
      '/.env',
    ]) {
      assert.equal((await web.get(path)).status, 404, path)
    }
  })

  it('keeps spreadsheets from running the cells of CSV', async () => {
    await web.pipeline.ask('update exporters set name = $1 where address = $2', [
      "=cmd|' /C calc'!A0",
      '192.0.2.1',
    ])
    const { text } = await web.get('/api/exporters?format=csv')
    assert.match(text, /\r\n192\.0\.2\.1,'=cmd\|' \/C calc'!A0,true,/)
  })
})

describe('a web server with a password', () => {
  let nowMs = NOW_MS
  let server: WebServer & { readonly origin: string }

  before(async () => {
    // Without a database: the check of the password comes before it.
    const DATABASE_URL = 'postgres://nobody@127.0.0.1:1/nothing'
    server = await startServer({ WEB_PASSWORD: 'correct horse', DATABASE_URL }, () => nowMs)
  })

  after(() => server.stop())

  const statusOf = async (path: string, headers: Readonly<Record<string, string>> = {}) =>
    (await send(server.origin + path, { headers })).status

  it('asks browsers for it', async () => {
    const { status, headers } = await send(`${server.origin}/`)
    assert.equal(status, 401)
    assert.equal(headers['www-authenticate'], 'Basic realm="netflow", charset="UTF-8"')
    assert.equal(await statusOf('/api/exporters'), 401)
    assert.equal(await statusOf('/metrics'), 401)
  })

  it('accepts it as HTTP Basic with any user, and as bearer token', async () => {
    assert.equal(await statusOf('/api', basic('correct horse')), 200)
    assert.equal(await statusOf('/api', basic('correct horse', '')), 200)
    assert.equal(await statusOf('/api', basic('correct horse:')), 401)
    assert.equal(await statusOf('/metrics', { authorization: 'bearer correct' }), 401)
    assert.equal(await statusOf('/api', { authorization: 'Digest correct' }), 401)
  })

  it('tells a health check without it whether the database answers', async () => {
    const { status, json } = await send(`${server.origin}/healthz`)
    assert.deepEqual([status, json], [503, { healthy: false }])
  })

  it('refuses an address for the rest of a minute after ten wrong ones', async () => {
    nowMs += 120_000
    for (let turn = 0; turn < 10; turn += 1) assert.equal(await statusOf('/api', basic('no')), 401)
    const { status, headers, json } = await send(`${server.origin}/api`, {
      headers: basic('correct horse'),
    })
    assert.equal(status, 429)
    assert.equal(json.error, 'too_many_requests')
    assert.equal(headers['retry-after'], '60')
    nowMs += 60_000
    assert.equal(await statusOf('/api', basic('correct horse')), 200)
  })
})

describe('a web server behind a proxy', () => {
  const DATABASE_URL = 'postgres://nobody@127.0.0.1:1/nothing'

  /** Fails ten times as one client of a proxy, and returns the status for another client. */
  async function statusOfOther(WEB_TRUST_PROXY: string): Promise<number> {
    const server = await startServer({ WEB_PASSWORD: 'secret', WEB_TRUST_PROXY, DATABASE_URL })
    const ask = (client: string, password: string) =>
      send(`${server.origin}/api`, {
        headers: { ...basic(password), 'x-forwarded-for': `203.0.113.250, ${client}` },
      })
    try {
      for (let turn = 0; turn < 10; turn += 1) {
        assert.equal((await ask('192.0.2.1', 'no')).status, 401)
      }
      assert.equal((await ask('192.0.2.1', 'secret')).status, 429)
      return (await ask('192.0.2.2', 'secret')).status
    } finally {
      await server.stop()
    }
  }

  it('believes the address that the proxy names', async () => {
    assert.equal(await statusOfOther('on'), 200)
  })

  it('does not believe it otherwise', async () => {
    assert.equal(await statusOfOther('off'), 429)
  })
})
