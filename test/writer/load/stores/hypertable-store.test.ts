/** A plain table and stand-ins of TimescaleDB's functions: what the writer does, not what the engine does. */

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { until } from '../../../helpers/until.ts'
import { ask, countRows, LoaderHarness } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'
import { HYPERTABLE } from './stand-ins.ts'

const DAY_MS = 86_400_000
/** Noon (UTC) of a day that begins `days` ago. */
const ago = (days: number) => (Math.floor(Date.now() / DAY_MS) - days) * DAY_MS + DAY_MS / 2

describe('a hypertable', () => {
  let database: TestDatabase
  let harness: LoaderHarness
  before(async () => {
    database = await createTestDatabase()
    await ask(database.url, HYPERTABLE)
  })
  afterEach(() => harness.loader.stop())
  after(() => database.drop())

  async function load(from: number, days: number): Promise<void> {
    harness.submit(numberedBatch({ from, count: 10, receivedAtMicros: ago(days) * 1000 }))
    await harness.committed()
  }

  const days = async () =>
    (
      await ask(
        database.url,
        `select distinct (current_date - (received_at at time zone 'UTC')::date) as days from flows
         order by days`,
      )
    ).map(({ days }) => days)

  it('is recognized, and loaded without any partition', async () => {
    harness = new LoaderHarness(database.url)
    await harness.loader.start()
    assert.equal(harness.loader.storeKind, 'hypertable')
    assert.equal((await harness.waitForLine(/flows is a hypertable/))['store'], 'hypertable')
    await load(0, 40)
    await load(10, 41)
    await load(20, 0)
    assert.deepEqual(await countRows(database.url), { rows: 30, different: 30 })
    const [found] = await ask(database.url, `select to_regclass('flows_20261129') as name`)
    assert.equal(found?.['name'], null)
  })

  it('loses its old chunks by age and by size, one by one, but never the newest', async () => {
    harness = new LoaderHarness(database.url, { retentionDays: 40 })
    await harness.loader.start()
    const line = await harness.waitForLine(/dropped a partition older than RETENTION_DAYS/)
    assert.match(String(line['partition']), /^_timescaledb_internal\._hyper_1_\d+_chunk$/)
    assert.equal(line['from'], new Date(ago(41) - DAY_MS / 2).toISOString())
    assert.deepEqual(await days(), [0, 40])
    await harness.loader.stop()
    harness = new LoaderHarness(database.url, { retentionBytes: 1 })
    await harness.loader.start()
    await until('only the newest chunk is left', async () => (await days()).length === 1)
    assert.deepEqual(await days(), [0])
    await harness.waitForLine(/flows is larger than RETENTION_BYTES/)
  })
})
