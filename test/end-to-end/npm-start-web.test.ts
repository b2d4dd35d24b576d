/** The page of `npm start`. */

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ClusterTemplate, makeFolder } from '../helpers/cluster-template.ts'
import { findFreePort } from '../helpers/free-port.ts'
import { LauncherProcess } from '../helpers/launcher-process.ts'
import { until } from '../helpers/until.ts'

describe('the page of npm start', () => {
  let template: ClusterTemplate

  before(async () => {
    template = await ClusterTemplate.create()
  })

  after(() => template.remove())

  async function withLauncher(
    WEB_PORT: string,
    use: (launcher: LauncherProcess) => Promise<void>,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const launcher = new LauncherProcess({ WEB_PORT, ...environment }, await makeFolder())
    try {
      await template.copyTo(join(launcher.folder, 'data/postgres'))
      await launcher.start()
      await use(launcher)
    } finally {
      await launcher.remove()
    }
  }

  it('is served with the rights of the reader, named in the greeting, and comes back', async () => {
    const port = String(await findFreePort())
    await withLauncher(port, async (launcher) => {
      const ready = launcher.lines.find(({ msg }) => /^ready/.test(msg))
      assert.equal(ready?.['page'], `http://127.0.0.1:${port}/`)
      const ask = async () => {
        const reply = await fetch(`http://127.0.0.1:${port}/api/exporters`).catch(() => undefined)
        return reply?.status
      }
      assert.equal(await ask(), 200)
      const settings = launcher.lines.find(
        ({ name, msg }) => name === 'web' && msg === 'starting',
      )?.['settings'] as { DATABASE_URL: string } | undefined
      assert.match(settings?.DATABASE_URL ?? '', /^postgres:\/\/netflow_reader@/)
      process.kill(launcher.pidOf('web'), 'SIGKILL')
      await until('it is served again', async () => (await ask()) === 200)
      launcher.pressCtrlC()
      assert.equal(await launcher.waitForExit(), 0)
    })
  })

  it('has the API of senders when its keys are set, with the rights of the operator', async () => {
    const port = String(await findFreePort())
    const keys = { API_AUTH_KEY: 'of-the-authorisation', API_SIGN_KEY: 'of-the-signatures' }
    const digest = createHmac('sha256', keys.API_SIGN_KEY).update(keys.API_AUTH_KEY).digest('hex')
    await withLauncher(
      port,
      async (launcher) => {
        const reply = await fetch(`http://127.0.0.1:${port}/senders/192.0.2.1`, {
          method: 'PUT',
          headers: { 'X-Io-Auth': keys.API_AUTH_KEY, 'X-Io-Sign': digest },
          body: '{"prefixes":[{"prefix":"10.0.0.0","prefixLen":8}]}',
        })
        const sender = { ip: '192.0.2.1', prefixes: [{ prefix: '10.0.0.0', prefixLen: 8 }] }
        assert.deepEqual([reply.status, await reply.json()], [200, sender])
        assert.ok(
          !JSON.stringify(launcher.lines).includes(keys.API_SIGN_KEY),
          'a key is in the log',
        )
        launcher.pressCtrlC()
        assert.equal(await launcher.waitForExit(), 0)
      },
      keys,
    )
  })

  it('is left out when its port is in use, and all else goes on', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await withLauncher(String(port), async (launcher) => {
      const ready = launcher.lines.find(({ msg }) => /^ready/.test(msg))
      assert.equal(ready?.['page'], undefined)
      const refusals = launcher.lines.filter(({ name, level }) => name === 'web' && level >= 50)
      assert.equal(refusals.length, 1)
      assert.match(
        refusals[0]?.msg ?? '',
        /no page and no API: TCP port \d+ .* another program has it/,
      )
      launcher.kill('SIGTERM')
      assert.equal(await launcher.waitForExit(), 0)
    })
    server.close()
  })
})
