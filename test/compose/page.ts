/** Checks the page and the API in a deployment, as browsers and programs ask them. */

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Deployment } from './deployment.ts'

/** Checks that the image has all that the page consists of, and that programs may run only its own. */
export async function assertPage(deployment: Deployment): Promise<void> {
  const page = await deployment.ask('/')
  assert.equal(page.status, 200)
  assert.match(page.policy ?? '', /script-src 'self'/)
  const references = [...page.text.matchAll(/(?:src|href)="([^"]+\/(?:page|lib)\/[^"]+)"/g)]
  const todo = references.map(([, path = '']) => path)
  for (const end of ['/page/main.js', '/page/style.css', '/lib/uplot.js']) {
    assert.ok(
      todo.some((path) => path.endsWith(end)),
      `${end} is not among ${todo.join()}`,
    )
  }
  const seen = new Set<string>()
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const { status, text } = await deployment.ask(path)
    assert.equal(status, 200, path)
    const imports = path.endsWith('.js') ? text.matchAll(/ from '([^']+)'/g) : []
    for (const [, name = ''] of imports) todo.push(new URL(name, `http://host${path}`).pathname)
  }
  assert.ok(seen.size > 20, `only ${seen.size} files`)
}

/** Checks that the answers are of the stored flows, read with the rights of a reader. */
export async function assertAnswers(deployment: Deployment): Promise<void> {
  const { status, text } = await deployment.ask('/api/top?by=exporter')
  assert.equal(status, 200, text)
  const [row] = await deployment.query('reader', 'select count(*)::text as flows from flows')
  assert.equal(JSON.parse(text).total.flows, row?.['flows'])
  assert.equal((await deployment.ask('/api/exporters')).status, 200)
  assert.equal((await deployment.ask('/senders')).status, 404, 'without keys')
  const users = await deployment.query(
    'reader',
    `select distinct usename from pg_stat_activity where application_name = 'netflow-web'`,
  )
  assert.deepEqual(users, [{ usename: 'netflow_reader' }])
}

/** Checks that no other machine reaches what the deployment publishes for this one. */
export async function assertOnlyOnLoopback(deployment: Deployment): Promise<void> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  assert.ok(addresses.length > 0, 'the bridge of the containers has an address')
  // UDP comes from other machines.
  const { netflow: _, ...ports } = deployment.ports
  for (const [service, port] of Object.entries(ports)) {
    assert.equal(await canConnect('127.0.0.1', port), true, service)
    for (const { address } of addresses) {
      assert.equal(await canConnect(address, port), false, `${service} on ${address}`)
    }
  }
}

/** Whether a TCP port accepts connections. */
async function canConnect(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 5_000 })
  socket.once('timeout', () => socket.destroy(new Error('timeout')))
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Checks that nobody can open the page to others by mistake. */
export async function assertRefusesToListenForAll(deployment: Deployment): Promise<void> {
  const open = deployment.runAgain('web', ['--env', 'WEB_HOST=0.0.0.0'])
  await assert.rejects(open, /others could read all flows; set WEB_PASSWORD.*\(exit code 2\)/s)
}

/** Checks who may ask when there is a password. */
export async function assertLogin(deployment: Deployment, password: string): Promise<void> {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  for (const path of ['/', '/api/top?by=exporter', '/page/main.js', '/metrics']) {
    const statusWith = async (authorization?: string) =>
      (await deployment.ask(path, authorization === undefined ? {} : { authorization })).status
    assert.equal(await statusWith(), 401, path)
    assert.equal(await statusWith(`Bearer ${password}x`), 401, path)
    assert.equal(await statusWith(`Bearer ${password}`), 200, path)
    assert.equal(await statusWith(basic(`anybody:${password}`)), 200, path)
  }
}

export interface ApiKeys {
  readonly authKey: string
  readonly signKey: string
}

/** Checks that the API of senders takes signed requests, with the rights of an operator. */
export async function assertSenders(deployment: Deployment, keys: ApiKeys): Promise<void> {
  const { authKey, signKey } = keys
  const sign = createHmac('sha256', signKey).update(authKey).digest('hex')
  const signed = { 'x-io-auth': authKey, 'x-io-sign': sign }
  assert.equal((await deployment.ask('/senders')).status, 401)
  const body = '{"prefixes":[{"prefix":"172.16.1.0","prefixLen":24}]}'
  const put = await deployment.ask('/senders/192.0.2.77', signed, { method: 'PUT', body })
  assert.equal(put.status, 200, put.text)
  assert.deepEqual(
    await deployment.query('reader', 'select host(exporter) as e, prefix from exporter_prefixes'),
    [{ e: '192.0.2.77', prefix: '172.16.1.0/24' }],
  )
}
