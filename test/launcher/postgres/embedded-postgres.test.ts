import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import {
  EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from '../../../launcher/postgres/embedded-postgres.ts'
import { queryRows } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'

let folder: string
let servers: EmbeddedPostgres[] = []
let helpers: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netflow-embedded-'))
})

afterEach(async () => {
  for (const server of servers) await server.stop('immediate')
  for (const helper of helpers) helper.kill('SIGKILL')
  servers = []
  helpers = []
  await rm(folder, { recursive: true, force: true })
})

function makeServer(options: Partial<EmbeddedPostgresOptions> = {}): EmbeddedPostgres {
  const dataDir = join(folder, 'data', 'postgres')
  const socketDir = join(folder, 'data')
  const server = new EmbeddedPostgres({ dataDir, socketDir, durable: false, ...options })
  servers.push(server)
  return server
}

async function ask(server: EmbeddedPostgres, query: string): Promise<unknown> {
  const [row] = await queryRows(server.url, query)
  return row && Object.values(row)[0]
}

/** Kills the server and leaves a lock file with another pid, as if that had been its own. */
async function killAndForge(server: EmbeddedPostgres, pid: number): Promise<void> {
  const { socketDir } = server
  const locks = [join(folder, 'data/postgres/postmaster.pid'), `${socketDir}/.s.PGSQL.5432.lock`]
  process.kill(server.pid ?? 0, 'SIGKILL')
  await until('the end of the server', () => server.pid === undefined)
  for (const lock of locks) {
    await writeFile(lock, (await readFile(lock, 'utf8')).replace(/^\d+/, String(pid)))
  }
}

describe('the embedded server', () => {
  it('is made, stopped, and started again with its data', async () => {
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

  it('listens on a socket for its owner only, and on no TCP port', async () => {
    const server = makeServer()
    await server.start()
    assert.equal(await ask(server, 'show listen_addresses'), '')
    const { mode } = await stat(join(folder, 'data', '.s.PGSQL.5432'))
    assert.equal(mode & 0o777, 0o700)
    assert.equal((await stat(join(folder, 'data'))).mode & 0o777, 0o700)
  })

  it('flushes to disk unless told otherwise', async () => {
    const server = makeServer({ durable: true })
    await server.start()
    assert.equal(await ask(server, 'show fsync'), 'on')
  })

  it('begins anew when the making of the cluster was interrupted', async () => {
    await mkdir(join(folder, 'data/postgres.unfinished'), { recursive: true })
    await writeFile(join(folder, 'data/postgres.unfinished/PG_VERSION'), '18\n')
    await makeServer().start()
    assert.equal(existsSync(join(folder, 'data/postgres.unfinished')), false)
  })

  it('has its socket in a short folder when the path is too long, until it stops', async () => {
    const long = join(folder, 'x'.repeat(100))
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

  it('of another major version needs the server of that version, and says so', async () => {
    const server = makeServer()
    await server.start()
    await server.stop()
    await writeFile(join(folder, 'data/postgres/PG_VERSION'), '9\n')
    await assert.rejects(server.start(), /made by PostgreSQL 9, and no such server.*DATABASE_URL/)
  })

  it('that cannot start says what PostgreSQL says', async () => {
    const server = makeServer()
    await server.start()
    await server.stop()
    await writeFile(join(folder, 'data/postgres/postgresql.conf'), 'no_such_setting = on\n')
    await assert.rejects(server.start(), /no_such_setting/)
    assert.equal(server.pid, undefined)
  })
})

describe('an embedded server that runs already', () => {
  it('is adopted, and its end is noticed', async () => {
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

  it('is stopped by the one that adopted it', async () => {
    const first = makeServer()
    const second = makeServer()
    await first.start()
    await second.start()
    await second.stop()
    await until('the end', () => first.pid === undefined)
  })

  it('and is shutting down is waited for', async () => {
    const first = makeServer()
    const second = makeServer()
    await first.start()
    const session = new pg.Client({ connectionString: first.url })
    await session.connect()
    const stopping = first.stop('smart')
    // Refused with "the database system is shutting down" from now on.
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

describe('a killed embedded server', () => {
  it('is reported, and recovers where its clients know it', async () => {
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

  it('starts although its lock files name another process', async () => {
    const server = makeServer()
    await server.start()
    await killAndForge(server, process.pid)
    await server.start()
    assert.equal(await ask(server, 'select 1'), 1)
  })

  it('starts although its lock files name another server', async () => {
    const other = makeServer({ dataDir: join(folder, 'o/postgres'), socketDir: join(folder, 'o') })
    await other.start()
    const server = makeServer()
    await server.start()
    await killAndForge(server, other.pid ?? 0)
    await server.start()
    assert.notEqual(server.pid, other.pid)
    assert.equal(await ask(other, 'select 1'), 1)
  })

  it('starts although its process is a zombie that nobody reaps', { skip: noProc() }, async () => {
    const server = makeServer()
    await server.start()
    // The shell becomes a program that waits for no children.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'])
    helpers.push(parent)
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
  return process.platform === 'linux' ? false : 'zombies are told by /proc'
}

describe('the embedded server of root', { skip: process.getuid?.() !== 0 && 'not root' }, () => {
  it('leaves all files to root, in folders that are closed to others', async (test) => {
    const server = makeServer()
    await server.start()
    const { uid } = await stat(join(folder, 'data/postgres'))
    if (uid !== 0) return test.skip('user namespaces are forbidden here')
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    assert.equal((await stat(join(folder, 'data/postgres/base'))).uid, 0)
    assert.equal(await ask(server, 'select 1'), 1)
  })

  it('runs as nobody where user namespaces are forbidden', async () => {
    await chmod(folder, 0o711)
    const server = makeServer({ userNamespaces: false })
    await server.start()
    const { uid } = await stat(join(folder, 'data/postgres'))
    assert.notEqual(uid, 0)
    assert.equal((await stat(`/proc/${server.pid}`)).uid, uid)
    await ask(server, 'create table kept as select 1')
    await server.stop()
    // Wherever it is started next, the owner of the files stays.
    const second = makeServer()
    await second.start()
    assert.equal(await ask(second, 'select count(*)::int from kept'), 1)
    assert.equal((await stat(`/proc/${second.pid}`)).uid, uid)
  })

  it('takes the files along to nobody where user namespaces are forbidden from now on', async () => {
    await chmod(folder, 0o711)
    const first = makeServer()
    await first.start()
    await ask(first, 'create table kept as select 1')
    await first.stop()
    const second = makeServer({ userNamespaces: false })
    await second.start()
    assert.equal(await ask(second, 'select count(*)::int from kept'), 1)
  })

  it('names the folder that keeps nobody out', async () => {
    const server = makeServer({ userNamespaces: false })
    await assert.rejects(server.start(), new RegExp(`cannot enter ${folder}\\b.*chmod o\\+x`))
  })
})
