/** The metrics server, asked as Prometheus asks and as an attacker does. */

import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Gauge, Registry } from 'prom-client'
import { MetricsServer } from '../../shared/metrics-server.ts'
import { RecordingLogger } from '../collector/recording-logger.ts'
import { findFreePort } from '../helpers/free-port.ts'
import { until } from '../helpers/until.ts'

describe('the metrics server', () => {
  const registry = new Registry()
  let collections = 0
  let isHealthy = true
  let port: number
  let server: MetricsServer
  new Gauge({
    name: 'tested',
    help: 'Tested.',
    registers: [registry],
    collect() {
      collections += 1
    },
  })

  before(async () => {
    port = await findFreePort()
    const health = () => ({ healthy: isHealthy, detail: { problems: [] } })
    const { logger } = new RecordingLogger()
    const options = { host: '127.0.0.1', port, health, logger }
    server = new MetricsServer({ ...options, registry: async () => registry })
    await server.start()
  })
  after(() => server.stop())

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, init)

  function open(): { socket: Socket; received: () => string; isClosed: () => boolean } {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let isClosed = false
    socket
      .on('error', () => {})
      .on('close', () => {
        isClosed = true
      })
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    return { socket, received: () => text, isClosed: () => isClosed }
  }

  it('answers metrics and health, and refuses all else', async () => {
    assert.match(await (await ask('/metrics')).text(), /^# HELP tested Tested/)
    assert.equal((await ask('/healthz')).status, 200)
    isHealthy = false
    assert.equal((await ask('/healthz')).status, 503)
    isHealthy = true
    assert.equal((await ask('/elsewhere')).status, 404)
    assert.equal((await ask('/metrics', { method: 'POST', body: 'x' })).status, 405)
  })

  it('collects the metrics once for many questions at the same time', async () => {
    const before = collections
    await Promise.all(Array.from({ length: 10 }, async () => (await ask('/metrics')).text()))
    assert.ok(collections - before <= 2, `${collections - before} collections`)
  })

  it('answers one of a thousand requests in one connection', async () => {
    const before = collections
    const { socket, received, isClosed } = open()
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_000))
    await until('the connection is closed', isClosed)
    assert.equal(received().match(/HTTP\/1\.1 /g)?.length, 1)
    assert.match(received(), /connection: close/i)
    assert.ok(collections - before <= 1, `${collections - before} collections`)
  })

  it('has few connections, and closes those that ask nothing', async () => {
    const opened = Array.from({ length: 40 }, open)
    await until('most are refused', () => opened.filter(({ isClosed }) => isClosed()).length >= 24)
    await until('the others are closed', () => opened.every(({ isClosed }) => isClosed()))
    assert.equal((await ask('/healthz')).status, 200)
  })
})
