/** How questions share the database: sessions, cancelling, limits, and a server that goes away. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { Reader } from '../../../console/web/reader/reader.ts'
import type { WebServer } from '../../../console/web/web-server.ts'
import { startTestServer, type TestServer } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'
import { HOUR, send, startServer } from './web-harness.ts'

const WAITING = `
  select pid from pg_stat_activity
  where application_name = 'netflow-web' and wait_event_type = 'Lock'`

describe('the reader', () => {
  let database: TestServer
  let server: WebServer & { readonly origin: string }
  let admin: pg.Client
  /** Watches what runs. It opens no transaction, which would only see the activity of its begin. */
  let observer: pg.Client

  before(async () => {
    database = await startTestServer()
    server = await startServer({ DATABASE_URL: database.url, WEB_TIMEOUT_MS: '20000' })
    await connect()
  })

  after(async () => {
    await disconnect()
    await server.stop()
    await database.stop('immediate')
  })

  async function connect(): Promise<void> {
    admin = new pg.Client({ connectionString: database.url })
    observer = new pg.Client({ connectionString: database.url })
    await admin.connect()
    await observer.connect()
  }

  async function disconnect(): Promise<void> {
    await admin.end()
    await observer.end()
  }

  const ask = (path: string, signal?: AbortSignal) =>
    send(server.origin + path, signal ? { signal } : {})
  const countWaiting = async () => (await observer.query(WAITING)).rows.length
  const untilWaiting = (count: number) =>
    until(`${count} questions wait for the lock`, async () => (await countWaiting()) === count)

  /** Lets every question that reads flows wait until `use` has ended. */
  async function locked(use: () => Promise<void>): Promise<void> {
    await admin.query('begin')
    await admin.query('lock table flows in access exclusive mode')
    try {
      await use()
    } finally {
      await admin.query('rollback')
    }
  }

  const conversations = (limit: number) => `/api/conversations?${HOUR}&limit=${limit}`

  it('ends a question in the server when its client goes away', async () => {
    await locked(async () => {
      const client = new AbortController()
      const asked = ask(conversations(1), client.signal).catch((error: Error) => error.name)
      await untilWaiting(1)
      client.abort()
      assert.equal(await asked, 'AbortError')
      await untilWaiting(0)
    })
    assert.equal((await ask(conversations(1))).status, 200)
  })

  it('asks once for all who ask the same, as long as one of them waits', async () => {
    await locked(async () => {
      const clients = [1, 2, 3].map(() => new AbortController())
      const asked = clients.map(({ signal }) =>
        ask(conversations(2), signal).catch(() => undefined),
      )
      await untilWaiting(1)
      clients[0]?.abort()
      clients[1]?.abort()
      await Promise.all(asked.slice(0, 2))
      assert.equal(await countWaiting(), 1)
      await admin.query('rollback')
      assert.equal((await asked[2])?.status, 200)
    })
  })

  it('answers four at once, lets four wait, and refuses the others', async () => {
    await locked(async () => {
      const asked = Array.from({ length: 8 }, (_, number) => ask(conversations(10 + number)))
      await untilWaiting(4)
      const metrics = async () => (await ask('/metrics')).text
      await until('four wait', async () => /questions_waiting 4\n/.test(await metrics()))
      const refused = await ask(conversations(99))
      assert.equal(refused.status, 503)
      assert.equal(refused.json.error, 'busy')
      assert.equal(refused.headers['retry-after'], '2')
      assert.equal((await ask('/healthz')).status, 200)
      await admin.query('rollback')
      for (const { status } of await Promise.all(asked)) assert.equal(status, 200)
    })
  })

  it('ends a question after the limit of time', async () => {
    const quick = await startServer({ DATABASE_URL: database.url, WEB_TIMEOUT_MS: '200' })
    try {
      await locked(async () => {
        const { status, json } = await send(quick.origin + conversations(3))
        assert.equal(status, 504)
        assert.equal(json.error, 'timeout')
        await untilWaiting(0)
      })
      // A busy machine may take longer than the limit.
      await until(
        'the next one is answered',
        async () => (await send(quick.origin + conversations(3))).status === 200,
      )
    } finally {
      await quick.stop()
    }
  })

  it('lets questions change nothing', async () => {
    const reader = new Reader({
      databaseUrl: database.url,
      applicationName: 'netflow-web',
      connections: 1,
      questions: 1,
      timeoutMs: 5_000,
      workMemBytes: 67_108_864,
    })
    const { signal } = new AbortController()
    try {
      const refused = reader.answer(
        (run) => run({ text: "update exporters set name = 'x'", values: [] }),
        signal,
      )
      await assert.rejects(refused, ({ cause }: Error) => {
        return (cause as { code?: string }).code === '25006'
      })
      const show = (name: string) =>
        reader.answer((run) => run({ text: `show ${name}`, values: [] }), signal)
      assert.deepEqual(await show('statement_timeout'), [{ statement_timeout: '5s' }])
      assert.deepEqual(await show('work_mem'), [{ work_mem: '64MB' }])
      const pid = () =>
        reader.answer((run) => run({ text: 'select pg_backend_pid() as pid', values: [] }), signal)
      assert.deepEqual(await pid(), await pid(), 'the session is used again')
    } finally {
      await reader.stop()
    }
  })

  it('ends its questions in the server when it stops', async () => {
    const other = await startServer({ DATABASE_URL: database.url })
    await locked(async () => {
      const asked = send(other.origin + conversations(4)).catch(() => undefined)
      await untilWaiting(1)
      await other.stop()
      assert.equal(await asked, undefined)
      await untilWaiting(0)
    })
  })

  it('says that the database is away, and answers again when it is back', async () => {
    assert.equal((await ask('/api/exporters')).status, 200)
    await disconnect()
    await database.stop()
    assert.equal((await ask('/api/filter?text=port+443')).json.ok, true)
    assert.equal((await ask('/api/completions?prefix=por')).json.rows.length, 1)
    const away = await ask(`/api/top?${HOUR}&n=3`)
    assert.equal(away.status, 503)
    assert.equal(away.json.error, 'database_away')
    assert.ok(Number(away.headers['retry-after']) > 0)
    await until('the health says so', async () => (await ask('/healthz')).status === 503)
    await database.restart()
    await connect()
    await until('it answers', async () => (await ask(`/api/top?${HOUR}&n=3`)).status === 200)
    await until('the health says so', async () => (await ask('/healthz')).status === 200)
  })
})
