/** `npm start` where waiting cannot help: the right exit code, and one sentence. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ClusterTemplate, makeFolder } from '../helpers/cluster-template.ts'
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts'
import { FlowSender } from '../helpers/flow-sender.ts'
import { findFreePort } from '../helpers/free-port.ts'
import { LauncherProcess } from '../helpers/launcher-process.ts'
import { queryRows } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../launcher/main.js', import.meta.url))
const ERROR = 50
const FATAL = 60

describe('npm start that cannot run', { concurrency: 3 }, () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  async function makeLauncher(context: TestContext, environment: Record<string, string>) {
    const settings = { DATABASE_URL: database.url, FLUSH_INTERVAL_MS: '50', ...environment }
    const launcher = new LauncherProcess(settings, await makeFolder())
    context.after(() => launcher.remove())
    return launcher
  }

  /** Expects that the launcher ends, and returns the one sentence that says why. */
  async function expectEnd(launcher: LauncherProcess, exitCode: number): Promise<string> {
    assert.equal(await launcher.spawn().waitForExit(), exitCode)
    const sentences = launcher.lines.filter(({ level }) => level >= ERROR)
    assert.deepEqual(
      sentences.map(({ level }) => level),
      [FATAL],
      launcher.output,
    )
    assert.doesNotMatch(launcher.output, /"stack"|\n\s+at /)
    return sentences[0]?.msg ?? ''
  }

  it('names the port that another program has', async (context) => {
    const socket = createSocket('udp4').bind(0)
    await once(socket, 'listening')
    context.after(() => socket.close())
    const { port } = socket.address()
    const launcher = await makeLauncher(context, { NETFLOW_PORT: String(port) })
    assert.match(await expectEnd(launcher, 1), new RegExp(`UDP port ${port} .* is in use`))
  })

  it('names the database that does not exist, and the host that nobody knows', async (context) => {
    const elsewhere = new URL(database.url)
    elsewhere.pathname = '/nowhere'
    const wrong = await makeLauncher(context, { DATABASE_URL: elsewhere.href })
    assert.match(await expectEnd(wrong, 1), /"nowhere" does not exist.*check DATABASE_URL/)
    const unknown = await makeLauncher(context, { DATABASE_URL: 'postgres://u:secret@x.invalid/d' })
    assert.match(await expectEnd(unknown, 1), /x\.invalid.*check DATABASE_URL/)
    assert.doesNotMatch(unknown.output, /secret/)
  })

  it('names the right that is missing', async (context) => {
    const empty = await createTestDatabase({ migrate: false })
    const role = `stranger_${process.pid}`
    await queryRows(empty.url, `create role ${role} login password 'secret'`)
    context.after(async () => {
      await empty.drop()
      await queryRows(database.url, `drop role ${role}`)
    })
    const url = new URL(empty.url)
    url.username = role
    url.password = 'secret'
    const launcher = await makeLauncher(context, { DATABASE_URL: url.href })
    assert.match(await expectEnd(launcher, 1), /permission denied/)
    assert.doesNotMatch(launcher.output, /secret/)
  })

  it('lists wrong settings, without a password that is not encoded', async (context) => {
    const launcher = await makeLauncher(context, { DATABASE_URL: 'postgres://u:se/cret@h/d' })
    assert.match(await expectEnd(launcher, 2), /DATABASE_URL: expected postgres:/)
    assert.doesNotMatch(launcher.output, /cret/)
  })
})

describe('npm start with another database than before', () => {
  it('sets a journal aside that is wholly loaded', async (context) => {
    const template = await ClusterTemplate.create()
    context.after(() => template.remove())
    const database = await createTestDatabase({ migrate: false })
    context.after(() => database.drop())
    const folder = await makeFolder()
    await template.copyTo(join(folder, 'data/postgres'))
    const embedded = new LauncherProcess({ FLUSH_INTERVAL_MS: '50' }, folder)
    await embedded.start()
    await sendFlows(embedded, 10)
    await until('rows', async () => (await countRows(embedded.databaseUrl)) === 50)
    embedded.pressCtrlC()
    assert.equal(await embedded.waitForExit(), 0)

    const settings = { FLUSH_INTERVAL_MS: '50', DATABASE_URL: database.url }
    const own = new LauncherProcess(settings, folder)
    context.after(() => own.remove())
    await own.start()
    assert.equal(own.lines.filter(({ msg }) => /is set aside/.test(msg)).length, 1)
    await sendFlows(own, 20)
    await until('rows', async () => (await countRows(database.url)) === 100)
    const environment = readFileSync(`/proc/${own.pidOf('collector')}/environ`, 'latin1')
    const names = environment.split('\0').map((variable) => variable.split('=')[0] ?? '')
    assert.ok(names.includes('FLUSH_INTERVAL_MS'))
    assert.deepEqual(
      names.filter((name) => name === 'DATABASE_URL' || name.startsWith('PG')),
      [],
    )
  })
})

async function countRows(url: string): Promise<number> {
  const [row] = await queryRows(url, 'select count(*)::int as rows from flows')
  return Number(row?.['rows'])
}

async function sendFlows(launcher: LauncherProcess, datagrams: number): Promise<void> {
  const { port } = launcher
  const sender = new FlowSender({ port, exportVersion: 5, flowsPerDatagram: 5 })
  await sender.send(datagrams, 1_000)
  sender.close()
}

/** Runs a command on a terminal of its own, 100 columns wide. */
async function runOnTerminal(command: string, folder: string): Promise<string> {
  // In a file, because the recording begins with the command.
  writeFileSync(join(folder, 'command'), `stty cols 100\n${command}\n`)
  const script = ['-qefc', 'sh command', join(folder, 'screen')]
  const WEB_PORT = String(await findFreePort())
  const env = { ...process.env, NETFLOW_PORT: '0', METRICS_PORT: '0', WEB_PORT }
  const options = { cwd: folder, env, timeout: 120_000 }
  await run('script', script, options)
  return readFileSync(join(folder, 'screen'), 'utf8').replaceAll('\r', '')
}

const hasScript = await run('script', ['--version']).then(
  () => true,
  () => false,
)

describe('npm start on a terminal', { skip: hasScript ? false : 'no script(1) here' }, () => {
  it('shows a short line of each process, and the greeting', async (context) => {
    const database = await createTestDatabase()
    const folder = await makeFolder()
    context.after(() => database.drop())
    const isGreeted = 'for turn in $(seq 600); do grep -qs Ctrl-C screen && break; sleep 0.1; done'
    const stop = `${isGreeted}; kill -INT $!; wait $!`
    const command = `DATABASE_URL='${database.url}' '${process.execPath}' '${MAIN}' & ${stop}`
    const screen = await runOnTerminal(command, folder)
    const before = screen.slice(0, screen.indexOf('Ready.')).split('\n').slice(1)
    // A day's first start makes partitions, and says so.
    const logged = before.filter((line) => line.startsWith('[') && !/partitions/.test(line))
    const rest = before.filter((line) => !line.startsWith('[') && line !== '')
    assert.deepEqual(rest, [], 'no line is wrapped')
    const names = logged.map((line) => /\((\w+)\)/.exec(line)?.[1])
    assert.deepEqual(names.sort(), ['collector', 'web', 'writer'])
    for (const line of logged) {
      assert.match(line, /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}\]/)
      assert.ok(withoutColours(line).length <= 100, line)
    }
    assert.match(screen, /Connect:[\s\S]*psql[\s\S]*Stopped\./)
  })
})

function withoutColours(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals have control characters
  return line.replaceAll(/\u001b\[\d+m/g, '')
}
