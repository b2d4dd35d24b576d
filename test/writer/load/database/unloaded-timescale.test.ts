/** A server that was started without TimescaleDB. A stand-in plays it on any server. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createLogger } from '../../../../shared/logger.ts'
import { convertToHypertable } from '../../../../writer/load/schema/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { until } from '../../../helpers/until.ts'
import { ask, countRows, LoaderHarness } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'
import { TIMESCALE_STAND_IN } from '../stores/timescale-stand-in.ts'

/** With 'reset' or 'set … = off' the next connections find the library missing or loaded. */
const libraryIs = (url: string, change: string) =>
  ask(
    url,
    `do $$ begin
       execute format('alter database %I ${change}', current_database());
     end $$;
     select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  )
const LOST = 'reset timescaledb.disable_load'
const LOADED = 'set timescaledb.disable_load = off'

describe('a writer whose server was started without TimescaleDB', () => {
  let database: TestDatabase
  let harness: LoaderHarness
  before(async () => {
    database = await createTestDatabase()
    await ask(database.url, TIMESCALE_STAND_IN)
    await convertToHypertable(database.url, createLogger('test', 'silent'))
  })
  after(async () => {
    await harness?.loader.stop()
    await database?.drop()
  })

  it('loads nothing, says why, and goes on when the library is there again', async () => {
    harness = new LoaderHarness(database.url)
    await harness.loader.start()
    harness.submit(numberedBatch({ from: 0, count: 10 }))
    await harness.committed()
    await libraryIs(database.url, LOST)
    harness.submit(numberedBatch({ from: 10, count: 10 }))
    await until('the writer refuses', () => harness.loader.refusal)
    assert.match(
      String(harness.loader.refusal),
      /started without timescaledb.*set shared_preload_libraries = 'timescaledb'/,
    )
    assert.equal((await countRows(database.url)).rows, 10)
    await libraryIs(database.url, LOADED)
    await harness.committed()
    assert.equal(harness.loader.refusal, undefined)
    assert.deepEqual(await countRows(database.url), { rows: 20, different: 20 })
    assert.deepEqual(harness.fatal, [])
    await harness.loader.stop()
  })

  it('waits at its start, and answers about partitions are errors', async () => {
    await libraryIs(database.url, LOST)
    harness = new LoaderHarness(database.url)
    const started = harness.loader.start()
    await until('the writer refuses', () => harness.loader.refusal)
    await assert.rejects(
      ask(database.url, 'select * from flow_partitions'),
      /timescaledb is not loaded: compressed flows are not found/,
    )
    await libraryIs(database.url, LOADED)
    assert.notEqual(await started, undefined)
    assert.equal(harness.loader.storeKind, 'hypertable')
  })
})
