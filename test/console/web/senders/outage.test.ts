/** While the database is away, the API says so; afterwards it answers again by itself. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OperatorDatabase } from '../../../../console/web/senders/operator-database.ts'
import { queryRows } from '../../../helpers/pipeline.ts'
import { until } from '../../../helpers/until.ts'
import { SendersHarness } from './senders-harness.ts'

describe('the database of the API', () => {
  let given: SendersHarness
  before(async () => {
    given = await SendersHarness.start()
  })
  after(() => given.stop())

  /** Opens a database with a limit of time for `work`. */
  async function use(
    timeoutMs: number,
    work: (database: OperatorDatabase) => Promise<void>,
  ): Promise<void> {
    const databaseUrl = given.roles.urlOf('netflow_operator')
    const database = new OperatorDatabase({ databaseUrl, timeoutMs })
    try {
      await work(database)
    } finally {
      await database.stop()
    }
  }

  const sql = (text: string) => ({ text, values: [] })
  const NEVER = new AbortController().signal
  const isStatus = (status: number) => (error: Error & { status?: number }) =>
    error.status === status

  it('ends an answer or a change that takes too long, and the next one works', async () => {
    await use(2_000, async (database) => {
      const sleep = sql('select pg_sleep(60)')
      await assert.rejects(
        database.read((ask) => ask(sleep), NEVER),
        isStatus(504),
      )
      await assert.rejects(
        database.write((ask) => ask(sleep)),
        isStatus(504),
      )
      const one = sql('select 1 as one')
      assert.deepEqual(await database.read((ask) => ask(one), NEVER), [{ one: '1' }])
      assert.deepEqual(await database.write((ask) => ask(one)), [{ one: '1' }])
    })
  })

  it('ends an answer that nobody waits for any more', async () => {
    await use(60_000, async (database) => {
      const gone = new AbortController()
      const running = `select count(*)::int from pg_stat_activity where query ~ '^select pg_sleep.60'`
      const answer = database.read((ask) => ask(sql('select pg_sleep(60)')), gone.signal)
      answer.catch(() => {})
      const count = async () => (await queryRows(given.roles.url, running))[0]?.['count']
      await until('the statement runs', async () => (await count()) === 1)
      gone.abort()
      await assert.rejects(answer, isStatus(503))
      await until('the statement is gone', async () => (await count()) === 0)
    })
  })

  it('changes nothing when a change fails, and reads change nothing', async () => {
    await use(5_000, async (database) => {
      const insert = sql(`insert into exporters (address, enabled) values ('192.0.2.99', true)`)
      const failure = new Error('of the caller')
      const failing = database.write(async (ask) => {
        await ask(insert)
        throw failure
      })
      await assert.rejects(failing, failure)
      await assert.rejects(database.read((ask) => ask(insert), NEVER))
      assert.equal((await given.send('GET', '/senders/192.0.2.99')).status, 404)
    })
  })

  it('lets its role do what the API needs, and no more', async () => {
    await use(5_000, async (database) => {
      for (const statement of [
        'delete from exporters',
        'delete from flows',
        'update exporters set first_seen = now()',
        'truncate exporter_prefixes',
      ]) {
        const denied = database.write((ask) => ask(sql(statement)))
        await assert.rejects(denied, isStatus(503), statement)
      }
    })
  })

  it('waits for another change of a sender, but not for long', async () => {
    await given.send('PUT', '/senders/192.0.2.1', { body: { prefixes: [] } })
    await given.rollups.ask('begin')
    await given.rollups.ask('update exporters set enabled = enabled')
    const reply = await given.send('DELETE', '/senders/192.0.2.1')
    await given.rollups.ask('rollback')
    assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '5'], reply.text)
    assert.equal((await given.send('DELETE', '/senders/192.0.2.1')).status, 200)
  })

  it('may be away: 503 with Retry-After, and 200 when it is back', async () => {
    assert.equal((await given.send('GET', '/senders')).status, 200)
    await given.rollups.client.end()
    await given.roles.server.stop('immediate')
    for (const [method, path, body] of [
      ['GET', '/senders', undefined],
      ['PUT', '/senders/192.0.2.1', { prefixes: [] }],
      ['POST', '/stats/192.0.2.1', {}],
    ] as const) {
      const reply = await given.send(method, path, { body })
      assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '5'], reply.text)
    }
    await given.roles.server.restart()
    await until('the API answers again', async () => {
      return (await given.send('GET', '/senders')).status === 200
    })
    assert.deepEqual(given.errors, [])
  })
})
