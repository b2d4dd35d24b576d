import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestServer, type TestServer } from '../../../helpers/database.ts'
import { codeBlocks, readDocument } from '../../../helpers/markdown.ts'
import { ask, countRows, LoaderHarness } from '../loader-harness.ts'
import { numberedBatch, RECEIVED_AT_MICROS } from '../sample-rows.ts'

/** The statements of OPERATING.md for an administrator: before and after `\\c netflow`. */
function documentedStatements(): readonly string[][] {
  const blocks = codeBlocks(readDocument('writer/OPERATING.md'), 'sql')
  const sql = blocks.find((text) => text.includes('create role'))
  assert.ok(sql, 'OPERATING.md says how to create the roles')
  // The test server has a database `netflow` of another owner.
  return sql
    .replaceAll('database netflow', 'database flows_of_mine')
    .split('\\c netflow')
    .map((part) => part.split(';').filter((statement) => statement.trim() !== ''))
}

describe('the roles of OPERATING.md', () => {
  let server: TestServer
  let writerUrl: string
  let readerUrl: string
  before(async () => {
    server = await startTestServer({ migrate: false })
    const [onServer = [], inDatabase = []] = documentedStatements()
    for (const statement of onServer) await ask(server.url, statement)
    const base = server.url.replace(/\/netflow$/, '/flows_of_mine')
    writerUrl = base.replace('netflow@', 'netflow_writer:x@')
    readerUrl = base.replace('netflow@', 'netflow_reader:x@')
    for (const statement of inDatabase) await ask(base, statement)
  })
  after(() => server.stop())

  it('let the writer migrate, load rows, and drop old partitions', async () => {
    // It keeps all: retention works in the background and could be faster than the count below.
    const harness = new LoaderHarness(writerUrl, { retentionDays: 0 })
    await harness.loader.start()
    const old = RECEIVED_AT_MICROS - 100 * 86_400e6
    harness.submit(numberedBatch({ from: 0, count: 10, receivedAtMicros: Date.now() * 1e3 }))
    harness.submit(numberedBatch({ from: 10, count: 10, receivedAtMicros: old }))
    await harness.committed()
    await harness.loader.stop()
    assert.deepEqual(await countRows(writerUrl), { rows: 20, different: 20 })
    const again = new LoaderHarness(writerUrl, { retentionDays: 30, journalId: harness.journalId })
    await again.loader.start()
    const line = await again.waitForLine(/dropped a partition/)
    assert.equal(line['partition'], 'flows_20260813')
    await again.loader.stop()
    assert.deepEqual(await countRows(writerUrl), { rows: 10, different: 10 })
  })

  it('let the writer load through flows into a partition of somebody else', async () => {
    const base = server.url.replace(/\/netflow$/, '/flows_of_mine')
    await ask(
      base,
      `create table flows_of_another partition of flows
       for values from ('2031-01-01 00:00+00') to ('2031-01-02 00:00+00')`,
    )
    await ask(base, 'alter table flows_of_another owner to current_user')
    const harness = new LoaderHarness(writerUrl)
    await harness.loader.start()
    const receivedAtMicros = Date.parse('2031-01-01T12:00Z') * 1_000
    harness.submit(numberedBatch({ from: 0, count: 10, receivedAtMicros }))
    harness.submit(numberedBatch({ from: 10, count: 10, receivedAtMicros }))
    await harness.committed()
    await harness.loader.stop()
    assert.deepEqual(harness.fatal, [])
    assert.ok(harness.lines.every(({ level }) => level < 40))
    const [found] = await ask(base, 'select count(*)::int as rows from flows_of_another')
    assert.deepEqual(found, { rows: 20 })
    await ask(base, 'drop table flows_of_another')
  })

  it('do not let the writer make roles or databases, or read files of the server', async () => {
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

  it('let a reader read all tables, also new partitions, and change nothing', async () => {
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

  it('are told to the operator when they have too few rights', async () => {
    const harness = new LoaderHarness(readerUrl)
    await assert.rejects(
      harness.loader.start(),
      /permission denied for table journal_positions.*that the role owns the tables/,
    )
    await harness.loader.stop()
  })
})
