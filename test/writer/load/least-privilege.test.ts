import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestServer, type TestServer } from '../../helpers/database.ts'
import { ask, countRows, LoaderHarness } from './loader-harness.ts'
import { numberedBatch, RECEIVED_AT_MICROS } from './sample-rows.ts'

/** What an administrator runs once, connected as a superuser. */
const CREATE_ROLES = [
  "create role netflow_writer login nosuperuser nocreatedb nocreaterole password 'change me'",
  "create role netflow_reader login nosuperuser nocreatedb nocreaterole password 'change me too'",
  'create database flows_of_mine owner netflow_writer',
  'revoke all on database flows_of_mine from public',
  'grant connect on database flows_of_mine to netflow_reader',
]
/** What the writer's role runs in the new database, before the writer is started. */
const LET_READ = [
  'grant usage on schema public to netflow_reader',
  'alter default privileges in schema public grant select on tables to netflow_reader',
]

describe('a role with no more rights than needed', () => {
  let server: TestServer
  let writerUrl: string
  let readerUrl: string
  before(async () => {
    server = await startTestServer({ migrate: false })
    for (const statement of CREATE_ROLES) await ask(server.url, statement)
    const base = server.url.replace(/\/netflow$/, '/flows_of_mine')
    writerUrl = base.replace('netflow@', 'netflow_writer:x@')
    readerUrl = base.replace('netflow@', 'netflow_reader:x@')
    for (const statement of LET_READ) await ask(writerUrl, statement)
  })
  after(() => server.stop())

  it('is enough to migrate, load, park rows, and drop old partitions', async () => {
    const harness = new LoaderHarness(writerUrl, { retentionDays: 30 })
    await harness.loader.start()
    const old = RECEIVED_AT_MICROS - 100 * 86_400e6
    harness.loader.submit(numberedBatch({ from: 0, count: 10, receivedAtMicros: Date.now() * 1e3 }))
    harness.loader.submit(numberedBatch({ from: 10, count: 10, receivedAtMicros: old }))
    await harness.loader.drain()
    await harness.loader.stop()
    assert.deepEqual(await countRows(writerUrl), { rows: 20, different: 20 })
    const again = new LoaderHarness(writerUrl, { retentionDays: 30, journalId: harness.journalId })
    await again.loader.start()
    const line = await again.waitForLine(/dropped a partition/)
    assert.equal(line['partition'], 'flows_20260813')
    await again.loader.stop()
    assert.deepEqual(await countRows(writerUrl), { rows: 10, different: 10 })
  })

  it('cannot make roles or databases, or read files of the server', async () => {
    for (const statement of [
      'create role intruder',
      'create database intruder',
      'alter role netflow_writer superuser',
      "select pg_read_file('postgresql.conf')",
      "copy flows to program 'cat'",
    ]) {
      await assert.rejects(ask(writerUrl, statement), { code: '42501' }, statement)
    }
  })

  it('lets a reader read all tables, also new partitions, and change nothing', async () => {
    assert.deepEqual(await countRows(readerUrl), { rows: 10, different: 10 })
    const partitions = await ask(
      readerUrl,
      "select relname from pg_class where relkind = 'r' and relname ~ '^flows_'",
    )
    assert.ok(partitions.length > 0)
    for (const { relname } of partitions) await ask(readerUrl, `select * from ${relname} limit 1`)
    await assert.rejects(ask(readerUrl, 'delete from flows'), { code: '42501' })
    await assert.rejects(ask(readerUrl, 'create table public.mine ()'), { code: '42501' })
  })

  it('is told to the operator when it is not enough', async () => {
    const harness = new LoaderHarness(readerUrl)
    await assert.rejects(harness.loader.start(), /must be owner of table.*does the role own them/)
    await harness.loader.stop()
  })
})
