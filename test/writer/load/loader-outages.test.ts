import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import { CuttingProxy } from '../../helpers/cutting-proxy.ts'
import { startTestServer, type TestServer } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'
import { ask, countRows, LoaderHarness } from './loader-harness.ts'
import { numberedBatch } from './sample-rows.ts'

const WARN = 40
const ROWS = 2_000

describe('a loader whose database fails', () => {
  let server: TestServer
  let proxy: CuttingProxy
  let harness: LoaderHarness
  before(async () => {
    server = await startTestServer()
  })
  after(() => server.stop())
  beforeEach(async () => {
    await ask(server.url, 'truncate flows, exporters, sequence_gaps cascade')
    proxy = new CuttingProxy(server.url)
    harness = new LoaderHarness(await proxy.start())
  })
  afterEach(async () => {
    await harness.loader.stop()
    await proxy.stop()
    assert.deepEqual(harness.fatal, [])
  })

  /** Submits batches, each with a gap. */
  function submit(count: number, first = 0): void {
    for (let index = first; index < first + count; index++) {
      const batch = numberedBatch({ from: index * ROWS, count: ROWS })
      batch.changes.gaps.declared.push(gapOf(index))
      harness.submit(batch)
    }
  }

  function gapOf(expected: number) {
    return {
      detectedAtMicros: 1_795_241_600_000_000,
      exporter: '192.0.2.1',
      exportVersion: 9,
      observationDomain: 0,
      expected,
      received: expected + 1,
      lost: 1,
      unit: 'datagrams',
      claim: 1,
    }
  }

  async function assertOnce(batches: number): Promise<void> {
    const all = { rows: batches * ROWS, different: batches * ROWS }
    assert.deepEqual(await countRows(server.url), all)
    const [gaps] = await ask(
      server.url,
      `select count(*)::int as gaps, count(distinct expected)::int as different
       from sequence_gaps`,
    )
    assert.deepEqual(gaps, { gaps: batches, different: batches })
    assert.equal(harness.released.length, batches)
  }

  it('notices without loading that the database is away, and that it is back', async () => {
    await harness.loader.start()
    await harness.loader.readExporters()
    assert.equal(harness.loader.awaySince, undefined)
    const before = performance.now()
    await server.stop()
    await assert.rejects(harness.loader.readExporters())
    const since = harness.loader.awaySince
    assert.ok(since !== undefined && since >= before)
    await assert.rejects(harness.loader.readExporters())
    assert.equal(harness.loader.awaySince, since)
    await server.restart()
    await harness.loader.readExporters()
    assert.equal(harness.loader.awaySince, undefined)
  })

  for (const cut of ['lose-commit', 'lose-answer'] as const) {
    it(`stores each row once when commits are cut (${cut})`, async () => {
      await harness.loader.start()
      proxy.cuts.push(cut, cut, cut)
      submit(6)
      await harness.committed()
      assert.deepEqual(proxy.cuts, [])
      await assertOnce(6)
    })

    it(`writes changes without rows or bytes once when their commit is cut (${cut})`, async () => {
      await harness.loader.start()
      proxy.cuts.push(cut)
      const batch = new CopyBatch()
      batch.changes.gaps.declared.push(gapOf(1))
      harness.submit(batch)
      await harness.committed()
      assert.equal((await ask(server.url, 'select from sequence_gaps')).length, 1)
    })
  }

  it('stores each row once when its sessions are killed again and again', async () => {
    await harness.loader.start()
    let done = false
    const killing = (async () => {
      while (!done) {
        await ask(
          server.url,
          `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = 'netflow-writer'`,
        )
        await sleep(30)
      }
    })()
    submit(20)
    await sleep(1_500)
    done = true
    await killing
    await harness.committed()
    await assertOnce(20)
  })

  it('waits for a stopped server, and logs that it is away and that it is back', async () => {
    await harness.loader.start()
    submit(2)
    await harness.committed()
    await server.stop('immediate')
    submit(2, 2)
    await harness.waitForLine(/the batch is kept and tried again/)
    await sleep(3_000)
    assert.ok(harness.loader.awaySince !== undefined)
    await server.restart()
    await harness.committed()
    await harness.waitForLine(/takes flows again/)
    assert.equal(harness.loader.awaySince, undefined)
    const reasons = harness.lines
      .filter(({ level }) => level >= WARN)
      .map((line) => line['condition'])
    assert.equal(reasons.length, new Set(reasons).size, 'each reason is told once')
    await assertOnce(4)
  })

  it('waits at its start for a missing server, and can be stopped meanwhile', async () => {
    await server.stop()
    const starting = harness.loader.start()
    const other = new LoaderHarness(server.url)
    const stopped = other.loader.start()
    await Promise.all([
      harness.waitForLine(/the batch is kept/),
      other.waitForLine(/the batch is kept/),
    ])
    await other.loader.stop()
    assert.equal(await stopped, undefined)
    await server.restart()
    assert.equal((await starting)?.position, 0)
  })

  it('rejects every batch that is not committed when it is stopped', async () => {
    await harness.loader.start()
    await server.stop()
    const given = [0, 1, 2].map((index) =>
      harness.loader.submit(numberedBatch({ from: index, count: 1 })),
    )
    const rejected = Promise.all(
      given.map((loading) => assert.rejects(loading, { code: 'LOADER_STOPPED' })),
    )
    await harness.waitForLine(/the batch is kept and tried again/)
    await harness.loader.stop()
    await rejected
    const late = harness.loader.submit(numberedBatch({ from: 3, count: 1 }))
    await assert.rejects(late, { code: 'LOADER_STOPPED' })
    await server.restart()
    assert.deepEqual(await countRows(server.url), { rows: 0, different: 0 })
  })

  it('waits while the database is read-only', async () => {
    await harness.loader.start()
    await ask(server.url, 'alter database netflow set default_transaction_read_only = on')
    await terminateWriters(server.url)
    submit(2)
    await until('the reason', () => harness.lines.some((line) => line['sqlState'] === '25006'))
    const admin = new pg.Client({ connectionString: server.url })
    await admin.connect()
    await admin.query('set default_transaction_read_only = off')
    await admin.query('alter database netflow reset default_transaction_read_only')
    await admin.end()
    await harness.committed()
    await assertOnce(2)
  })

  it('waits while there are too many connections', async () => {
    await ask(server.url, 'create role narrow login connection limit 0 in role netflow')
    const narrow = new LoaderHarness(server.url.replace('netflow@', 'narrow@'))
    const starting = narrow.loader.start()
    const line = await narrow.waitForLine(/tried again/)
    assert.equal(line['sqlState'], '53300')
    await ask(server.url, 'alter role narrow connection limit -1')
    assert.equal((await starting)?.position, 0)
    await narrow.loader.stop()
    await ask(server.url, 'drop role narrow')
  })

  it('stops with a clear error when another writer has moved the journal on', async () => {
    await harness.loader.start()
    await ask(
      server.url,
      'update journal_positions set position = position + 1 where journal = $1',
      [harness.journalId],
    )
    submit(1)
    const fatal = await until('a fatal error', () => harness.fatal[0] as Error | undefined)
    assert.match(fatal.message, /another writer uses the same JOURNAL_DIR/)
    const next = harness.loader.submit(numberedBatch({ from: ROWS, count: ROWS }))
    await assert.rejects(next, fatal, 'no batch after it is loaded')
    assert.deepEqual(await countRows(server.url), { rows: 0, different: 0 })
    harness.fatal.length = 0
  })

  it('waits a while for the lock of a second writer, then refuses to start', async () => {
    await harness.loader.start()
    const second = new LoaderHarness(server.url, { journalId: harness.journalId })
    await assert.rejects(second.loader.start(), /another writer is using journal/)
    await second.loader.stop()
  })

  it('refuses to start with a wrong user or database, and says what to do', async () => {
    const wrong = [
      [server.url.replace(/\/netflow$/, '/nowhere'), /the database does not exist.*DATABASE_URL/],
      [server.url.replace('netflow@', 'nobody@'), /login is refused.*DATABASE_URL/],
    ] as const
    for (const [url, message] of wrong) {
      const lost = new LoaderHarness(url)
      await assert.rejects(lost.loader.start(), message)
      await lost.loader.stop()
    }
  })
})

function terminateWriters(url: string) {
  return ask(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'netflow-writer'`,
  )
}
