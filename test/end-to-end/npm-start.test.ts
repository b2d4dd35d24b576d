import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readProcessState } from '../../launcher/process/process-state.ts'
import { createTestDatabase } from '../helpers/database.ts'
import { FlowSender } from '../helpers/flow-sender.ts'
import { LauncherProcess } from '../helpers/launcher-process.ts'
import { queryRows } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

const FLOWS_PER_DATAGRAM = 5

async function countRows(url: string): Promise<number> {
  const [row] = await queryRows(url, 'select count(*)::int as rows from flows')
  return Number(row?.['rows'])
}

/** The datagrams of all collectors that have said in good order that they ended. */
async function countReceived(url: string): Promise<number> {
  const [row] = await queryRows(
    url,
    'select coalesce(sum(received), 0)::int as received from collector_reports where final',
  )
  return Number(row?.['received'])
}

function makeSender(launcher: LauncherProcess): FlowSender {
  return new FlowSender({
    port: launcher.port,
    exportVersion: 5,
    flowsPerDatagram: FLOWS_PER_DATAGRAM,
  })
}

async function withLauncher(
  use: (launcher: LauncherProcess) => Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const launcher = new LauncherProcess(environment)
  try {
    await use(launcher)
  } finally {
    await launcher.remove()
  }
}

describe('npm start', () => {
  it('brings its own database, says how to ask it, and keeps the data for the next start', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const psql = launcher.output.split('\n').find((line) => line.startsWith('psql '))
      assert.equal(psql, `psql -h ${launcher.folder}/data -U netflow netflow`)
      const sender = makeSender(launcher)
      await sender.send(10, 1_000)
      await until('50 rows', async () => (await countRows(launcher.databaseUrl)) === 50)
      launcher.pressCtrlC()
      assert.equal(await launcher.waitForExit(), 0)
      assert.equal(existsSync(join(launcher.folder, 'data/postgres/postmaster.pid')), false)
      assert.equal(existsSync(join(launcher.folder, 'data/launcher.lock')), false)
      await launcher.start()
      assert.equal(await countRows(launcher.databaseUrl), 50)
      sender.close()
    }))

  it('stops in order on Ctrl-C to the whole group under traffic, and has stored what it received', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const sender = makeSender(launcher)
      const sending = sender.send(4_000, 2_000)
      await until('rows', async () => (await countRows(launcher.databaseUrl)) > 0)
      launcher.pressCtrlC()
      assert.equal(await launcher.waitForExit(), 0)
      await sending
      assert.match(launcher.output, /Stopping: collector, writer, database/)
      await launcher.start()
      const received = await countReceived(launcher.databaseUrl)
      assert.ok(received > 0)
      assert.equal(await countRows(launcher.databaseUrl), received * FLOWS_PER_DATAGRAM)
      sender.close()
    }))

  it('says on a second Ctrl-C that it is stopping, and stops with SIGTERM, too', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      // The writer cannot end while it is frozen, so the launcher is still there for the second.
      const writer = launcher.pidOf('writer')
      process.kill(writer, 'SIGSTOP')
      launcher.kill('SIGTERM')
      await launcher.waitForOutput('Stopping')
      await new Promise((resolve) => setTimeout(resolve, 700))
      launcher.pressCtrlC()
      await launcher.waitForOutput('Already stopping')
      process.kill(writer, 'SIGCONT')
      assert.equal(await launcher.waitForExit(), 0)
    }))

  it('starts a killed writer, collector or database again', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      for (const role of ['writer', 'collector'] as const) {
        const killed = launcher.pidOf(role)
        process.kill(killed, 'SIGKILL')
        await until(`a new ${role}`, () => launcher.pidOf(role) !== killed)
      }
      const killed = launcher.serverPid
      process.kill(killed, 'SIGKILL')
      await launcher.waitForOutput('PostgreSQL is back')
      assert.notEqual(launcher.serverPid, killed)
      // The collector, which chose a port anew, names it in its log.
      const port = await until('the new port', () =>
        Number([...launcher.output.matchAll(/"port":(\d+)/g)].at(-1)?.[1]),
      )
      const sender = new FlowSender({ port, exportVersion: 5, flowsPerDatagram: 5 })
      await sender.send(10, 1_000)
      await until('50 rows', async () => (await countRows(launcher.databaseUrl)) === 50, 60_000)
      sender.close()
    }))

  it('killed under traffic: its children drain, the database stops, and a start meanwhile waits', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const sender = makeSender(launcher)
      const sending = sender.send(2_000, 2_000)
      await until('rows', async () => (await countRows(launcher.databaseUrl)) > 0)
      const children = [launcher.pidOf('collector'), launcher.pidOf('writer'), launcher.serverPid]
      launcher.kill('SIGKILL')
      await launcher.waitForExit()
      await launcher.start()
      await sending
      for (const pid of children) assert.equal(await readProcessState(pid), undefined)
      const received = await countReceived(launcher.databaseUrl)
      assert.ok(received > 0)
      assert.equal(await countRows(launcher.databaseUrl), received * FLOWS_PER_DATAGRAM)
      launcher.kill('SIGKILL')
      await launcher.waitForExit()
      await launcher.waitForServerEnd()
      sender.close()
    }))

  it('recovers when everything was killed at once', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const sender = makeSender(launcher)
      await sender.send(10, 1_000)
      await until('50 rows', async () => (await countRows(launcher.databaseUrl)) === 50)
      const pids = [launcher.serverPid, launcher.pidOf('collector'), launcher.pidOf('writer')]
      for (const pid of [launcher.pid, ...pids]) process.kill(pid, 'SIGKILL')
      await launcher.waitForExit()
      await launcher.start()
      assert.equal(await countRows(launcher.databaseUrl), 50)
      sender.close()
    }))

  it('refuses to run twice in one folder and names the pid of the other', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const second = new LauncherProcess({}, launcher.folder).spawn()
      assert.equal(await second.waitForExit(), 1)
      assert.match(second.output, new RegExp(`already running with pid ${launcher.pid}\\b`))
      assert.equal(await countRows(launcher.databaseUrl), 0)
    }))

  it('uses the database of DATABASE_URL and starts none', async () => {
    const database = await createTestDatabase({ migrate: false })
    await withLauncher(
      async (launcher) => {
        await launcher.start()
        assert.equal(existsSync(join(launcher.folder, 'data/postgres')), false)
        const sender = makeSender(launcher)
        await sender.send(10, 1_000)
        await until('50 rows', async () => (await countRows(database.url)) === 50)
        sender.close()
      },
      { DATABASE_URL: database.url },
    )
    await database.drop()
  })

  it('ends with 2 and names every wrong setting of both processes, before it opens anything', () =>
    withLauncher(
      async (launcher) => {
        launcher.spawn()
        assert.equal(await launcher.waitForExit(), 2)
        assert.match(launcher.output, /NETFLOW_HOST=nowhere/)
        assert.match(launcher.output, /COPY_LANES=0/)
        assert.match(launcher.output, /DATABASE_URL: expected/)
        assert.doesNotMatch(launcher.output, /secret/)
        assert.equal(existsSync(join(launcher.folder, 'data')), false)
      },
      { NETFLOW_HOST: 'nowhere', COPY_LANES: '0', DATABASE_URL: 'mysql://me:secret@host/x' },
    ))

  it('says so when the pipe is no pipe, and leaves no database running', () =>
    withLauncher(async (launcher) => {
      await mkdir(join(launcher.folder, 'data'))
      await writeFile(join(launcher.folder, 'data/netflow.pipe'), '')
      launcher.spawn()
      assert.equal(await launcher.waitForExit(), 1)
      assert.match(launcher.output, /netflow\.pipe exists and is no named pipe/)
      assert.equal(existsSync(join(launcher.folder, 'data/postgres/postmaster.pid')), false)
    }))
})
