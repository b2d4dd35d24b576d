/** `npm start` with EMBEDDED_PG_PORT: other tools connect to the embedded database. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { withoutDatabase } from '../../launcher/settings.ts'
import { makeFolder } from '../helpers/cluster-template.ts'
import { LauncherProcess } from '../helpers/launcher-process.ts'
import { queryRows } from '../helpers/pipeline.ts'

const run = promisify(execFile)
const DIST = fileURLToPath(new URL('../..', import.meta.url))
const FATAL = 60

async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

describe('npm start with EMBEDDED_PG_PORT', () => {
  it('ends with one sentence while the port is in use, then lets readers in, and both commands find the server', async (context) => {
    const { server, port } = await listen()
    context.after(() => server.close())
    const environment = { EMBEDDED_PG_PORT: String(port) }
    const launcher = new LauncherProcess(environment, await makeFolder())
    context.after(() => launcher.remove())
    assert.equal(await launcher.spawn().waitForExit(), 1)
    const fatal = launcher.lines.filter(({ level }) => level >= FATAL)
    assert.equal(fatal.length, 1, launcher.output)
    assert.match(fatal[0]?.msg ?? '', new RegExp(`^TCP port ${port} on 127.0.0.1 is in use`))
    assert.doesNotMatch(launcher.output, /"stack"|\n\s+at /)

    server.close()
    await once(server, 'close')
    await launcher.start()
    const passwordFile = join(launcher.folder, 'data/reader-password')
    const password = readFileSync(passwordFile, 'utf8').trim()
    const greeting = launcher.lines.find(({ msg }) => msg.startsWith('ready: exporters'))
    assert.equal(greeting?.['reader'], `postgres://netflow_reader@127.0.0.1:${port}/netflow`)
    assert.equal(greeting?.['passwordFile'], passwordFile)
    assert.equal(launcher.output.includes(password), false)

    const url = `postgres://netflow_reader:${password}@127.0.0.1:${port}/netflow`
    assert.deepEqual(await queryRows(url, 'select count(*)::int as n from flows'), [{ n: 0 }])
    const views = 'select count(*)::int as n from exporter_health'
    assert.deepEqual(await queryRows(url, views), [{ n: 0 }])
    for (const command of [['writer/migrate.js'], ['console/terminal/main.js', 'exporters']]) {
      const [program = '', ...words] = command
      await run(process.execPath, [join(DIST, program), ...words], {
        cwd: launcher.folder,
        env: withoutDatabase(process.env),
      })
    }
    await assert.rejects(queryRows(url, 'delete from exporters'), { code: '42501' })
  })
})
