import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import type { EmbeddedPostgres } from '../../../launcher/postgres/embedded-postgres.ts'
import { ClusterTemplate } from '../../helpers/cluster-template.ts'
import { until } from '../../helpers/until.ts'
import { AT_ONCE, ask, makeBench } from './server-bench.ts'

let template: ClusterTemplate
before(async () => {
  template = await ClusterTemplate.create()
})
after(() => template.remove())

/** Kills the server and leaves its lock files with another pid. */
async function killAndForge(server: EmbeddedPostgres, pid: number): Promise<void> {
  const { socketDir } = server
  const locks = [`${socketDir}/postgres/postmaster.pid`, `${socketDir}/.s.PGSQL.5432.lock`]
  process.kill(server.pid ?? 0, 'SIGKILL')
  await until('the end of the server', () => server.pid === undefined)
  for (const lock of locks) {
    await writeFile(lock, (await readFile(lock, 'utf8')).replace(/^\d+/, String(pid)))
  }
}

describe('the embedded server', AT_ONCE, () => {
  it('is created, stopped, and restarted with its data', async (context) => {
    const { makeServer } = await makeBench(context)
    const server = makeServer()
    await server.start()
    await server.start()
    await ask(server, 'create table kept as select 1')
    await server.stop()
    await server.stop()
    assert.equal(server.pid, undefined)
    await server.start()
    assert.equal(await ask(server, 'select count(*)::int from kept'), 1)
  })

  it('listens on a socket for its owner only, and on no TCP port', async (context) => {
    const { folder, makeServer } = await makeBench(context)
    const server = makeServer()
    await server.start()
    assert.equal(await ask(server, 'show listen_addresses'), '')
    const { mode } = await stat(join(folder, 'data', '.s.PGSQL.5432'))
    assert.equal(mode & 0o777, 0o700)
    assert.equal((await stat(join(folder, 'data'))).mode & 0o777, 0o700)
  })

  it('flushes to disk by default', async (context) => {
    const { makeServer } = await makeBench(context, template)
    const server = makeServer({ durable: true })
    await server.start()
    assert.equal(await ask(server, 'show fsync'), 'on')
  })

  it('is created anew after an interrupted creation', async (context) => {
    const { folder, makeServer } = await makeBench(context)
    await mkdir(join(folder, 'data/postgres.unfinished'), { recursive: true })
    await writeFile(join(folder, 'data/postgres.unfinished/PG_VERSION'), '18\n')
    await makeServer().start()
    assert.equal(existsSync(join(folder, 'data/postgres.unfinished')), false)
  })

  it('has its socket in a temporary folder when the path is too long, until it stops', async (context) => {
    const { folder, makeServer } = await makeBench(context)
    const long = join(folder, 'x'.repeat(100))
    await template.copyTo(join(long, 'postgres'))
    const server = makeServer({ dataDir: join(long, 'postgres'), socketDir: long })
    await server.start()
    const { socketDir } = server
    assert.ok(socketDir.length < 80)
    assert.equal(await ask(server, 'select 1'), 1)
    await server.stop()
    assert.equal(existsSync(socketDir), false)
    await server.start()
    assert.equal(await ask(server, 'select 1'), 1)
  })

  it('of another major version names the version that it needs', async (context) => {
    const { folder, makeServer } = await makeBench(context, template)
    const server = makeServer()
    await server.start()
    await server.stop()
    await writeFile(join(folder, 'data/postgres/PG_VERSION'), '9\n')
    await assert.rejects(server.start(), /made by PostgreSQL 9, and no such server.*DATABASE_URL/)
  })

  it('that cannot start repeats the error of PostgreSQL', async (context) => {
    const { folder, makeServer } = await makeBench(context, template)
    const server = makeServer()
    await server.start()
    await server.stop()
    await writeFile(join(folder, 'data/postgres/postgresql.conf'), 'no_such_setting = on\n')
    await assert.rejects(server.start(), /no_such_setting/)
    assert.equal(server.pid, undefined)
  })
})

describe('an embedded server that runs already', AT_ONCE, () => {
  it('is adopted, and its end is reported', async (context) => {
    const { makeServer } = await makeBench(context, template)
    let ends = 0
    const first = makeServer()
    const second = makeServer({
      onExit: () => {
        ends += 1
      },
    })
    await first.start()
    await second.start()
    assert.equal(second.pid, first.pid)
    assert.equal(second.url, first.url)
    await first.stop()
    await until('the end', () => ends === 1)
    assert.equal(second.pid, undefined)
  })

  it('is stopped by the one that adopted it', async (context) => {
    const { makeServer } = await makeBench(context, template)
    const first = makeServer()
    const second = makeServer()
    await first.start()
    await second.start()
    await second.stop()
    await until('the end', () => first.pid === undefined)
  })

  it('is awaited when it is shutting down', async (context) => {
    const { makeServer } = await makeBench(context, template)
    const first = makeServer()
    const second = makeServer()
    await first.start()
    const session = new pg.Client({ connectionString: first.url })
    await session.connect()
    const stopping = first.stop('smart')
    // Until then, new sessions are accepted.
    await until('the shutdown', () =>
      ask(second, 'select 1').then(
        () => false,
        () => true,
      ),
    )
    const starting = second.start()
    await session.end()
    await Promise.all([stopping, starting])
    assert.equal(await ask(second, 'select 1'), 1)
  })
})

describe('a killed embedded server', AT_ONCE, () => {
  it('is reported, and recovers on the socket that its clients know', async (context) => {
    const { makeServer } = await makeBench(context, template)
    let ends = 0
    const server = makeServer({
      onExit: () => {
        ends += 1
      },
    })
    await server.start()
    const { url } = server
    await ask(server, 'create table kept as select 1')
    process.kill(server.pid ?? 0, 'SIGKILL')
    await until('the report', () => ends === 1)
    await server.start()
    assert.equal(server.url, url)
    assert.equal(await ask(server, 'select count(*)::int from kept'), 1)
    await server.stop()
    assert.equal(ends, 1, 'a stop is not reported')
  })

  it('starts although its lock files name another process', async (context) => {
    const { makeServer } = await makeBench(context, template)
    const server = makeServer()
    await server.start()
    await killAndForge(server, process.pid)
    await server.start()
    assert.equal(await ask(server, 'select 1'), 1)
  })

  it('starts although its lock files name another server', async (context) => {
    const { folder, makeServer } = await makeBench(context, template)
    await template.copyTo(join(folder, 'o/postgres'))
    const other = makeServer({ dataDir: join(folder, 'o/postgres'), socketDir: join(folder, 'o') })
    await other.start()
    const server = makeServer()
    await server.start()
    await killAndForge(server, other.pid ?? 0)
    await server.start()
    assert.notEqual(server.pid, other.pid)
    assert.equal(await ask(other, 'select 1'), 1)
  })

  it('starts although its process is a zombie that nobody reaps', {
    skip: noProc(),
  }, async (context) => {
    const { makeServer } = await makeBench(context, template)
    const server = makeServer()
    await server.start()
    // The shell turns into a program that never reaps its child.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'])
    context.after(() => parent.kill('SIGKILL'))
    const zombie = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (text) => resolve(Number(text)))
    })
    await until('the zombie', async () => {
      return / Z /.test(await readFile(`/proc/${zombie}/stat`, 'utf8'))
    })
    await killAndForge(server, zombie)
    await server.start()
    assert.equal(await ask(server, 'select 1'), 1)
  })
})

function noProc(): string | false {
  return process.platform === 'linux' ? false : 'only /proc shows zombies'
}
