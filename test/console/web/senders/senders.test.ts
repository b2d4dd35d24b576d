/** Senders and their prefixes: the requests of netflow.io's API, on a database with its roles. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { AUTH_KEY, SendersHarness, sign } from './senders-harness.ts'

const ONE = { prefix: '172.16.1.0', prefixLen: 24 }
const TWO = { prefix: '10.0.0.0', prefixLen: 24 }
const SIX = { prefix: '2001:db8::', prefixLen: 32 }
const PATH = '/senders/172.16.1.1'

describe('senders', () => {
  let given: SendersHarness
  before(async () => {
    given = await SendersHarness.start()
  })
  after(() => given.stop())
  beforeEach(() => given.clear())

  async function put(path: string, ...prefixes: readonly object[]) {
    const reply = await given.send('PUT', path, { body: { prefixes } })
    assert.equal(reply.status, 200, reply.text)
    return reply.json()
  }

  async function get(path = PATH) {
    return (await given.send('GET', path)).json()
  }

  it('are none in a new database', async () => {
    const { status, text, headers } = await given.send('GET', '/senders')
    assert.deepEqual([status, text], [200, '[]'])
    assert.match(headers.get('content-type') ?? '', /^application\/json/)
    assert.equal(headers.get('cache-control'), 'no-cache')
  })

  it('are added by PUT, and returned by GET', async () => {
    assert.deepEqual(await put(PATH, ONE), { ip: '172.16.1.1', prefixes: [ONE] })
    assert.deepEqual(await get(), { ip: '172.16.1.1', prefixes: [ONE] })
    await put('/senders/2001:db8::9', SIX)
    assert.deepEqual(await get('/senders'), [
      { ip: '172.16.1.1', prefixes: [ONE] },
      { ip: '2001:db8::9', prefixes: [SIX] },
    ])
    assert.deepEqual(
      await given.rollups.ask('select enabled, first_seen, last_seen from exporters'),
      [
        { enabled: true, first_seen: null, last_seen: null },
        { enabled: true, first_seen: null, last_seen: null },
      ],
    )
  })

  it('keep their prefixes when PUT brings others, and know each once', async () => {
    await put(PATH, ONE, ONE)
    await put(PATH, { prefixLen: 32, prefix: '2001:0db8:0::' }, TWO)
    assert.deepEqual(await put(PATH), { ip: '172.16.1.1', prefixes: [TWO, ONE, SIX] })
  })

  it('have exactly the prefixes of a PUT that replaces', async () => {
    await put(PATH, ONE, TWO)
    assert.deepEqual(await put(`${PATH}?replace=true`, TWO, SIX), {
      ip: '172.16.1.1',
      prefixes: [TWO, SIX],
    })
    assert.deepEqual(await put(`${PATH}?replace=false`, ONE), {
      ip: '172.16.1.1',
      prefixes: [TWO, ONE, SIX],
    })
    assert.deepEqual(await put(`${PATH}?replace=true`), { ip: '172.16.1.1', prefixes: [] })
  })

  it('are not changed when one prefix of many is wrong, whatever is wrong with it', async () => {
    await put(PATH, ONE)
    for (const wrong of [
      { prefix: '10.0.0.1', prefixLen: 24 },
      { prefix: '10.0.0.0', prefixLen: 33 },
      { prefix: '10.0.0.0', prefixLength: 24 },
      { prefix: '10.0.0.0', prefixLen: 24, vlan: 1 },
    ]) {
      for (const [method, path] of [
        ['PUT', PATH],
        ['PUT', `${PATH}?replace=true`],
        ['DELETE', PATH],
      ] as const) {
        const { status } = await given.send(method, path, { body: { prefixes: [ONE, TWO, wrong] } })
        assert.equal(status, 400)
        assert.deepEqual(await get(), { ip: '172.16.1.1', prefixes: [ONE] })
      }
    }
  })

  it('have names for people, which stay when a PUT has none', async () => {
    await put(PATH, { ...ONE, name: 'customer 17' })
    await put(PATH, ONE, TWO)
    const named = { ip: '172.16.1.1', prefixes: [TWO, { ...ONE, name: 'customer 17' }] }
    assert.deepEqual(await get(), named)
    const changed = await given.send('PUT', PATH, {
      body: { ...named, last: '2014-02-02T05:00:00Z' },
    })
    assert.deepEqual(changed.json(), named)
  })

  it('lose the prefixes of a DELETE with a body, in every spelling', async () => {
    await put(PATH, ONE, TWO, SIX)
    const body = { prefixes: [{ prefix: '2001:DB8:0:0::', prefixLen: 32 }, TWO] }
    const { status, json } = await given.send('DELETE', PATH, { body })
    assert.deepEqual([status, json()], [200, { ip: '172.16.1.1', prefixes: [ONE] }])
    assert.deepEqual((await given.send('DELETE', PATH, { body })).json(), await get())
    const none = await given.send('DELETE', PATH, { body: { prefixes: [] } })
    assert.deepEqual(none.json(), { ip: '172.16.1.1', prefixes: [ONE] })
  })

  it('are gone after a DELETE without a body, while their rows stay', async () => {
    await put(PATH, ONE)
    const { status, text } = await given.send('DELETE', PATH)
    assert.deepEqual([status, text], [200, ''])
    assert.deepEqual(await get('/senders'), [])
    assert.deepEqual(
      await given.rollups.ask('select host(address) as ip, enabled from exporters'),
      [{ ip: '172.16.1.1', enabled: false }],
    )
    assert.deepEqual(await given.rollups.ask('select * from exporter_prefixes'), [])
    assert.deepEqual(await put(PATH, TWO), { ip: '172.16.1.1', prefixes: [TWO] })
  })

  it('have the time of their last datagram, once they are heard', async () => {
    await put(PATH, ONE)
    await given.rollups.ask(`update exporters set last_seen = '2014-02-02 05:00:00.750Z'`)
    assert.deepEqual(await get(), {
      ip: '172.16.1.1',
      last: '2014-02-02T05:00:00Z',
      prefixes: [ONE],
    })
  })

  it('may be put at the same time, and nothing is lost', async () => {
    const networks = Array.from({ length: 20 }, (_, n) => ({
      prefix: `10.${n}.0.0`,
      prefixLen: 16,
    }))
    await Promise.all(networks.map((network) => put(PATH, network)))
    assert.deepEqual(await get(), { ip: '172.16.1.1', prefixes: networks })
  })

  for (const [method, path, body] of [
    ['GET', '/senders/192.0.2.9', undefined],
    ['DELETE', '/senders/192.0.2.9', undefined],
    ['DELETE', '/senders/192.0.2.9', { prefixes: [ONE] }],
    ['POST', '/stats/192.0.2.9', {}],
    ['GET', '/stats', undefined],
    ['GET', '/senders/192.0.2.9/prefixes', undefined],
  ] as const) {
    it(`has 404 for ${method} ${path}${body ? ' with a body' : ''}`, async () => {
      const reply = await given.send(method, path, { body })
      assert.equal(reply.status, 404)
      assert.equal((reply.json() as { status: string }).status, 'NOT_FOUND')
    })
  }

  for (const [method, path, allowed] of [
    ['POST', '/senders', 'GET, HEAD'],
    ['PUT', '/senders', 'GET, HEAD'],
    ['POST', PATH, 'GET, HEAD, PUT, DELETE'],
    ['GET', '/stats/172.16.1.1', 'POST'],
    ['DELETE', '/stats/172.16.1.1', 'POST'],
  ] as const) {
    it(`has 405 for ${method} ${path}`, async () => {
      const reply = await given.send(method, path)
      assert.deepEqual([reply.status, reply.headers.get('allow')], [405, allowed])
    })
  }

  for (const [method, path, status] of [
    ['GET', '/senders/', 200],
    ['HEAD', '/senders', 200],
    ['GET', '/senders/localhost', 400],
    ['GET', '/senders/%', 400],
    ['PUT', PATH, 400],
    ['GET', '/senders?page=2', 400],
    ['PUT', `${PATH}?replace=yes`, 400],
    ['GET', '/senders?auth=x', 400],
  ] as const) {
    it(`has ${status} for ${method} ${path}`, async () => {
      assert.equal((await given.send(method, path)).status, status)
    })
  }

  it('have no body about another sender', async () => {
    const body = { ip: '172.16.1.2', prefixes: [ONE] }
    assert.equal((await given.send('PUT', PATH, { body })).status, 400)
    assert.deepEqual(await get('/senders'), [])
  })

  it('have 413 for a body beyond a mebibyte, and 415 for one that is no JSON', async () => {
    const large = await given.send('PUT', PATH, { body: ' '.repeat(1024 * 1024 + 1) })
    assert.equal(large.status, 413)
    const headers = { 'Content-Type': 'application/xml' }
    assert.equal((await given.send('PUT', PATH, { body: '<x/>', headers })).status, 415)
  })

  it('are for those who sign: 401 names what is missing, and nothing is changed', async () => {
    const body = JSON.stringify({ prefixes: [ONE] })
    for (const headers of [
      { 'X-Io-Auth': '', 'X-Io-Sign': '' },
      { 'X-Io-Auth': 'another' },
      { 'X-Io-Sign': sign('another text') },
      { 'X-Io-Time': String(given.nowMs / 1000) },
    ]) {
      const reply = await given.send('PUT', PATH, { body, headers })
      assert.equal(reply.status, 401, JSON.stringify(headers))
      const { status, message } = reply.json() as { status: string; message: string }
      assert.equal(status, 'UNAUTHORIZED')
      assert.ok(message.length > 10 && !message.includes(AUTH_KEY))
    }
    assert.deepEqual(await get('/senders'), [])
    const time = String(given.nowMs / 1000)
    const target = `${PATH}?replace=true`
    const timed = { 'X-Io-Time': time, 'X-Io-Sign': sign(`PUT\n${target}\n${time}\n${body}`) }
    assert.equal((await given.send('PUT', target, { body, headers: timed })).status, 200)
    assert.equal((await given.send('PUT', PATH, { body, headers: timed })).status, 401)
  })

  it('have 429 after ten requests of an address that were not authorised', async () => {
    const headers = { 'X-Io-Sign': 'x' }
    for (let time = 0; time < 10; time += 1) {
      assert.equal((await given.send('GET', '/senders', { headers })).status, 401)
    }
    const blocked = await given.send('GET', '/senders')
    assert.equal(blocked.status, 429)
    assert.ok(Number(blocked.headers.get('retry-after')) > 0)
    const other = await given.send('GET', '/senders', {
      headers: { 'x-test-address': '192.0.2.7' },
    })
    assert.equal(other.status, 200)
    given.forgetFailures()
    assert.equal((await given.send('GET', '/senders')).status, 200)
  })
})
