/** While the database is away the API says so, and goes on by itself when it is back. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OperatorDatabase } from '../../../../console/web/senders/operator-database.ts'
import { SendersError } from '../../../../console/web/senders/senders-error.ts'
import { until } from '../../../helpers/until.ts'
import { SendersHarness } from './senders-harness.ts'

describe('the database of the API', () => {
  let given: SendersHarness
  before(async () => {
    given = await SendersHarness.start()
  })
  after(() => given.stop())

  function assertUnavailable(error: unknown): true {
    assert.ok(error instanceof SendersError, String(error))
    assert.equal(error.status, 503)
    assert.ok(Number(error.headers['Retry-After']) > 0)
    return true
  }

  it('ends a statement that takes too long, and the next one works', async () => {
    const config = { connectionString: given.roles.urlOf('netflow_operator') }
    const database = new OperatorDatabase({ config, timeoutMs: 50, onError: () => {} })
    try {
      await assert.rejects(
        database.read(({ query }) => query('select pg_sleep(60)', [])),
        assertUnavailable,
      )
      const { rows } = await database.read(({ query }) => query('select 1 as one', []))
      assert.deepEqual(rows, [{ one: 1 }])
    } finally {
      await database.stop()
    }
  })

  it('changes nothing when a change fails, and reads change nothing', async () => {
    const config = { connectionString: given.roles.urlOf('netflow_operator') }
    const database = new OperatorDatabase({ config, timeoutMs: 5_000, onError: () => {} })
    const insert = `insert into exporters (address, enabled) values ('192.0.2.99', true)`
    try {
      const failure = new Error('of the caller')
      const failing = database.write(async ({ query }) => {
        await query(insert, [])
        throw failure
      })
      await assert.rejects(failing, failure)
      await assert.rejects(
        database.read(({ query }) => query(insert, [])),
        /read-only/,
      )
      assert.equal((await given.send('GET', '/senders/192.0.2.99')).status, 404)
    } finally {
      await database.stop()
    }
  })

  it('may do what the API needs, and no more', async () => {
    const config = { connectionString: given.roles.urlOf('netflow_operator') }
    const database = new OperatorDatabase({ config, timeoutMs: 5_000, onError: () => {} })
    try {
      for (const statement of [
        'delete from exporters',
        'delete from flows',
        'update exporters set first_seen = now()',
        'truncate exporter_prefixes',
      ]) {
        const denied = database.write(({ query }) => query(statement, []))
        await assert.rejects(denied, assertUnavailable, statement)
      }
    } finally {
      await database.stop()
    }
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
