import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { migrateDatabase } from '../../../../writer/load/schema/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { startWriterAlone } from '../../../helpers/pipeline.ts'
import { Pooler, type PoolMode, whyNoPooler } from '../../../helpers/pooler.ts'
import { ask, countRows, LoaderHarness, recordingLogger } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'

const SETTINGS = `
  select current_setting('lock_timeout') as lock_timeout,
    current_setting('statement_timeout') as statement_timeout`

describe('behind a pooler', { skip: await whyNoPooler() }, () => {
  let database: TestDatabase
  let pooler: Pooler
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())
  afterEach(() => pooler.stop())

  for (const mode of ['transaction', 'statement'] satisfies PoolMode[]) {
    it(`in ${mode} mode, a start ends with what to do, and leaves nothing in the pool`, async () => {
      pooler = await Pooler.start(database.url, mode)
      const advice =
        /a pooler at .* gives each transaction another session.*to PostgreSQL itself, or set pool_mode = session/
      await assert.rejects(migrateDatabase(pooler.url, recordingLogger([])), advice)
      const harness = new LoaderHarness(pooler.url)
      await assert.rejects(harness.loader.start(), advice)
      await harness.loader.stop()
      const defaults = await ask(database.url, SETTINGS)
      assert.deepEqual(await ask(pooler.url, SETTINGS), defaults)
      const locks = `select from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`
      assert.deepEqual(await ask(database.url, locks), [])
    })
  }

  it('in session mode, a killed writer comes back', async () => {
    pooler = await Pooler.start(database.url, 'session')
    const pipeline = await startWriterAlone({ databaseUrl: pooler.url })
    try {
      await pipeline.killWriter()
      const refused = pipeline.findLines(/another writer is using/)
      assert.deepEqual(refused, [])
    } finally {
      await pipeline.stop()
    }
  })

  it('in session mode, a loader works, and finds its lock free after a stop', async () => {
    pooler = await Pooler.start(database.url, 'session')
    const first = new LoaderHarness(pooler.url)
    const { journalId } = first
    for (const [index, harness] of [
      first,
      new LoaderHarness(pooler.url, { journalId }),
    ].entries()) {
      await harness.loader.start()
      for (const from of [0, 100]) {
        harness.submit(numberedBatch({ from: 200 * index + from, count: 100 }))
      }
      await harness.committed()
      await harness.loader.stop()
      assert.deepEqual(harness.fatal, [])
    }
    assert.deepEqual(await countRows(database.url), { rows: 400, different: 400 })
  })
})
