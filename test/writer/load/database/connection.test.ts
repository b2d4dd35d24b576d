import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Libc, loadLibc } from '../../../../shared/libc.ts'
import { connectDatabase, widenSendBuffer } from '../../../../writer/load/database/connection.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { until } from '../../../helpers/until.ts'
import { ask, LoaderHarness } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'

const PIECE = Buffer.alloc(16_384)
const PIECES = 256

const libc = loadLibc()

describe('a session', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase({ migrate: false })
  })
  after(() => database.drop())

  /** Reads a setting in a session of the writer, whose database has a default for it. */
  async function settingOf(name: string, byDefault: string): Promise<unknown> {
    const administrator = await connectDatabase({ connectionString: database.url })
    const databaseName = new URL(database.url).pathname.slice(1)
    await administrator.query(`alter database ${databaseName} set ${name} = ${byDefault}`)
    await administrator.end()
    const client = await connectDatabase({ connectionString: database.url })
    const { rows } = await client.query(`select current_setting($1) as value`, [name])
    await client.end()
    return rows[0]?.value
  }

  it('commits to the disk, whatever the default is', async () => {
    for (const [byDefault, expected] of [
      ['off', 'on'],
      ['on', 'on'],
      ['local', 'local'],
      ['remote_apply', 'remote_apply'],
    ] as const) {
      assert.equal(await settingOf('synchronous_commit', byDefault), expected)
    }
  })

  it('does not depend on the defaults of other settings that it needs', async () => {
    assert.equal(await settingOf('timezone', "'Asia/Tokyo'"), 'UTC')
    assert.equal(await settingOf('statement_timeout', "'5s'"), '50s')
    assert.equal(await settingOf('idle_session_timeout', "'5s'"), '0')
  })

  it('may keep a transaction open for as long as it needs', async (test) => {
    const [server] = await ask(database.url, 'show server_version_num')
    if (Number(server?.['server_version_num']) < 170_000) return test.skip('PostgreSQL 16 or older')
    assert.equal(await settingOf('transaction_timeout', "'5s'"), '0')
  })
})

describe('the send buffer of a connection', () => {
  let folder: string
  let server: Server
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'netflow-socket-'))
    // Nothing reads from the connections.
    server = createServer({ pauseOnConnect: true })
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
  })
  after(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  /** Counts the bytes that the kernel accepts on a connection that nobody reads. */
  async function countTaken(prepare: (client: pg.Client) => void): Promise<number> {
    const socket = createConnection(join(folder, 'socket'))
    await until('connected', () => !socket.connecting)
    prepare(clientWith(socket, folder))
    for (let piece = 0; piece < PIECES; piece++) socket.write(PIECE)
    let left = Number.NaN
    do {
      left = socket.writableLength
      await sleep(50)
    } while (socket.writableLength !== left)
    socket.destroy()
    return PIECES * PIECE.length - left
  }

  it('is wider on a Unix socket', { skip: libc ? false : 'no C library to call' }, async () => {
    const usual = await countTaken(() => {})
    const wide = await countTaken((client) => assert.ok(widenSendBuffer(client, libc)))
    assert.ok(usual > 0 && wide > 1.5 * usual, `${usual} and ${wide} bytes`)
  })

  it('stays as it is without a C library, by TCP, and on a closed socket', async () => {
    const socket = createConnection(join(folder, 'socket'))
    await until('connected', () => !socket.connecting)
    assert.equal(widenSendBuffer(clientWith(socket, folder), undefined), false, 'no C library')
    assert.equal(widenSendBuffer(clientWith(socket, '127.0.0.1'), libc), false, 'TCP')
    socket.destroy()
    await until('closed', () => socket.closed)
    assert.equal(widenSendBuffer(clientWith(socket, folder), libc), false, 'a closed socket')
  })
})

describe('the lanes of a loader', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  it('have a wide send buffer', async (test) => {
    const [row] = await ask(database.url, 'select inet_client_addr() as address')
    if (row?.['address'] !== null) return test.skip('the server is reached by TCP')
    const widened: number[] = []
    const counting = { setSendBuffer: (fd: number) => widened.push(fd) > 0 } as unknown as Libc
    const harness = new LoaderHarness(database.url, { lanes: 2, libc: counting })
    await harness.loader.start()
    for (const from of [0, 1]) harness.submit(numberedBatch({ from, count: 1 }))
    await harness.committed()
    await harness.loader.stop()
    assert.equal(harness.released.length, 2)
    assert.equal(new Set(widened).size, 2, `descriptors ${widened}`)
  })
})

function clientWith(stream: Socket, host: string): pg.Client {
  return { host, connection: { stream } } as unknown as pg.Client
}
