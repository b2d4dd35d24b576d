import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedPostgres } from '../../launcher/postgres/embedded-postgres.ts'
import { readProcessState } from '../../launcher/process/process-state.ts'
import { ClusterTemplate, makeFolder } from '../helpers/cluster-template.ts'
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

/** Counts the datagrams of all collectors that ended in good order. */
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

/** Sends at 2,000 datagrams a second. @returns ends the sending */
function startTraffic(sender: FlowSender): () => Promise<void> {
  let isWanted = true
  const send = async () => {
    while (isWanted) await sender.send(50, 2_000)
    sender.close()
  }
  const sending = send()
  return () => {
    isWanted = false
    return sending
  }
}

interface LauncherOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** False: the folder is empty at first. */
  readonly hasDatabase?: boolean
}

const EMPTY_FOLDER: LauncherOptions = { hasDatabase: false }

let template: ClusterTemplate

/**
 * Lets `use` work with a launcher in a folder of its own, by default with an empty database. Its
 * writer then flushes soon, so that the test waits less.
 */
async function withLauncher(
  use: (launcher: LauncherProcess) => Promise<void>,
  { environment = {}, hasDatabase = true }: LauncherOptions = {},
): Promise<void> {
  const settings = hasDatabase ? { FLUSH_INTERVAL_MS: '50', ...environment } : environment
  const launcher = new LauncherProcess(settings, await makeFolder())
  try {
    if (hasDatabase) await template.copyTo(join(launcher.folder, 'data/postgres'))
    await use(launcher)
  } finally {
    await launcher.remove()
  }
}

// Each start waits for other processes most of its time.
describe('npm start', { concurrency: 3 }, () => {
  before(async () => {
    template = await ClusterTemplate.create()
  })
  after(() => template.remove())

  it('brings its own database, says how to ask it, and keeps the data for the next start', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const ready = launcher.lines.find(({ msg }) => /^ready/.test(msg))
      assert.equal(ready?.['psql'], `psql -h ${launcher.folder}/data -U netflow netflow`)
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
    }, EMPTY_FOLDER))

  it('stops in order on Ctrl-C to the whole group under traffic, and stores what it received', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const stopTraffic = startTraffic(makeSender(launcher))
      await until('rows', async () => (await countRows(launcher.databaseUrl)) > 0)
      launcher.pressCtrlC()
      assert.equal(await launcher.waitForExit(), 0)
      await stopTraffic()
      assert.match(launcher.output, /Stopping: collector, writer, database/)
      const socketDir = join(launcher.folder, 'data')
      const server = new EmbeddedPostgres({ dataDir: join(socketDir, 'postgres'), socketDir })
      await server.start()
      const received = await countReceived(server.url)
      assert.ok(received > 0)
      assert.equal(await countRows(server.url), received * FLOWS_PER_DATAGRAM)
      await server.stop()
    }))

  it('stops on SIGTERM as well, and says on a later Ctrl-C that it is already stopping', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      // The writer cannot end while it is frozen, so the launcher still runs at the Ctrl-C.
      const writer = launcher.pidOf('writer')
      process.kill(writer, 'SIGSTOP')
      launcher.kill('SIGTERM')
      await launcher.waitForOutput('Stopping')
      await sleep(700)
      launcher.pressCtrlC()
      await launcher.waitForOutput('Already stopping')
      process.kill(writer, 'SIGCONT')
      assert.equal(await launcher.waitForExit(), 0)
    }))

  it('restarts a killed writer, collector or database', () =>
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
      // The collector has chosen a new port, which is in its log.
      const port = await until('the new port', () =>
        Number([...launcher.output.matchAll(/"port":(\d+)/g)].at(-1)?.[1]),
      )
      const sender = new FlowSender({ port, exportVersion: 5, flowsPerDatagram: 5 })
      await sender.send(10, 1_000)
      await until('50 rows', async () => (await countRows(launcher.databaseUrl)) === 50, 60_000)
      sender.close()
    }))

  it('killed under traffic: its children drain, the database stops, and a new start waits for them', () =>
    withLauncher(async (launcher) => {
      await launcher.start()
      const stopTraffic = startTraffic(makeSender(launcher))
      await until('rows', async () => (await countRows(launcher.databaseUrl)) > 0)
      const children = [launcher.pidOf('collector'), launcher.pidOf('writer'), launcher.serverPid]
      launcher.kill('SIGKILL')
      await launcher.waitForExit()
      await launcher.start()
      await stopTraffic()
      for (const pid of children) assert.equal(await readProcessState(pid), undefined)
      const received = await countReceived(launcher.databaseUrl)
      assert.ok(received > 0)
      assert.equal(await countRows(launcher.databaseUrl), received * FLOWS_PER_DATAGRAM)
      launcher.kill('SIGKILL')
      await launcher.waitForExit()
      await launcher.waitForServerEnd()
    }))

  it('recovers after everything was killed at once', () =>
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
      { ...EMPTY_FOLDER, environment: { DATABASE_URL: database.url } },
    )
    await database.drop()
  })

  it('ends with 2 and names every wrong setting of both processes before it opens anything', () =>
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
      {
        ...EMPTY_FOLDER,
        environment: {
          NETFLOW_HOST: 'nowhere',
          COPY_LANES: '0',
          DATABASE_URL: 'mysql://me:secret@host/x',
        },
      },
    ))

  it('refuses a file in place of the pipe, and leaves no database running', () =>
    withLauncher(async (launcher) => {
      await writeFile(join(launcher.folder, 'data/netflow.pipe'), '')
      launcher.spawn()
      assert.equal(await launcher.waitForExit(), 1)
      assert.match(launcher.output, /netflow\.pipe exists and is no named pipe/)
      assert.equal(existsSync(join(launcher.folder, 'data/postgres/postmaster.pid')), false)
    }))
})
