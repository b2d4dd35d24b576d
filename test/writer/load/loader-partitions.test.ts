/** The partitions that the loader creates and copies into. */

import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { ask, countRows, LoaderHarness } from './loader-harness.ts'
import { messageOf, numberedBatch, RECEIVED_AT_MICROS, typicalRecord } from './sample-rows.ts'

describe('a loader that needs partitions', () => {
  let database: TestDatabase
  let harness: LoaderHarness
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())
  beforeEach(async () => {
    await ask(database.url, 'truncate flows, exporters cascade')
    harness = new LoaderHarness(database.url)
  })
  afterEach(async () => {
    await harness.loader.stop()
    assert.deepEqual(harness.fatal, [])
  })

  it('creates the partitions that rows need, whatever their time', async () => {
    await harness.loader.start()
    const times = [0, RECEIVED_AT_MICROS, 4_102_444_800_000_000]
    for (const [from, receivedAtMicros] of times.entries()) {
      harness.submit(numberedBatch({ from, count: 1, receivedAtMicros }))
    }
    await harness.committed()
    const partitions = await ask(
      database.url,
      'select tableoid::regclass::text as name from flows order by received_at',
    )
    assert.deepEqual(
      partitions.map(({ name }) => name),
      ['flows_19700101', 'flows_20261121', 'flows_21000101'],
    )
  })

  it('creates a partition again after somebody dropped it', async () => {
    await harness.loader.start()
    harness.submit(numberedBatch({ from: 0, count: 1 }))
    await harness.committed()
    await ask(database.url, 'drop table flows_20261121')
    harness.submit(numberedBatch({ from: 1, count: 1 }))
    await harness.committed()
    assert.deepEqual(await countRows(database.url), { rows: 1, different: 1 })
  })

  it('puts no row into a partition that somebody detached', async () => {
    const receivedAtMicros = Date.parse('2025-11-21T06:00Z') * 1_000
    await harness.loader.start()
    harness.submit(numberedBatch({ from: 0, count: 1, receivedAtMicros }))
    await harness.committed()
    await ask(database.url, 'alter table flows detach partition flows_20251121')
    harness.submit(numberedBatch({ from: 1, count: 1, receivedAtMicros }))
    await harness.committed()
    const [kept] = await ask(database.url, 'select count(*)::int as rows from flows_20251121')
    assert.deepEqual(kept, { rows: 1 })
    const [found] = await ask(
      database.url,
      'select bytes::int as number, tableoid::regclass::text as partition from flows',
    )
    assert.deepEqual(found, { number: 1, partition: 'flows_20251121_2' })
    await ask(database.url, 'drop table flows_20251121')
    // No outage is logged: the lane copies through `flows` at once.
    assert.ok(harness.lines.every(({ level }) => level < 40))
  })

  it('loads a batch whose rows belong to two days', async () => {
    await harness.loader.start()
    const batch = numberedBatch({ from: 0, count: 10 })
    const receivedAtMicros = RECEIVED_AT_MICROS + 86_400e6
    for (let number = 10; number < 20; number++) {
      batch.append(typicalRecord(number), messageOf({ receivedAtMicros }))
    }
    batch.journalTo = 20
    harness.submit(batch)
    await harness.committed()
    assert.deepEqual(await countRows(database.url), { rows: 20, different: 20 })
  })

  it('has partitions for now and tomorrow when it has started', async () => {
    await harness.loader.start()
    const days = await ask(
      database.url,
      `select to_regclass('flows_' || to_char(now() at time zone 'UTC' + day, 'YYYYMMDD')) as name
       from unnest('{0 days, 1 day}'::interval[]) as day`,
    )
    assert.ok(days.every(({ name }) => name !== null))
  })
})
