import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { createTestDatabase, startTestServer } from './database.ts'

async function ask(url: string, query: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: query, rowMode: 'array' })).rows[0]?.[0]
  } finally {
    await client.end()
  }
}

describe('test databases', () => {
  it('are migrated and apart from each other', async () => {
    const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()])
    await ask(
      first.url,
      "insert into exporters (address, first_seen, last_seen) values ('192.0.2.1', now(), now())",
    )
    assert.equal(await ask(first.url, 'select count(*)::int from exporters'), 1)
    assert.equal(await ask(second.url, 'select count(*)::int from exporters'), 0)
    await first.drop()
    await second.drop()
  })

  it('come on a server that can be killed and started again', async () => {
    const server = await startTestServer()
    process.kill(server.pid, 'SIGKILL')
    await server.restart()
    assert.equal(await ask(server.url, 'select count(*)::int from exporters'), 0)
    await server.stop('immediate')
    await assert.rejects(ask(server.url, 'select 1'), /ENOENT|ECONNREFUSED/)
    await server.restart()
    assert.equal(await ask(server.url, 'select count(*)::int from exporters'), 0)
    await server.stop()
  })
})
