/** The partitions that the loader creates and copies into. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, countRows, useLoader } from './loader-harness.ts'
import { messageOf, numberedBatch, RECEIVED_AT_MICROS, typicalRecord } from './sample-rows.ts'

describe('a loader that needs partitions', () => {
  const given = useLoader()

  it('creates the partitions that rows need, whatever their time', async () => {
    await given.harness.loader.start()
    const times = [0, RECEIVED_AT_MICROS, 4_102_444_800_000_000]
    for (const [from, receivedAtMicros] of times.entries()) {
      given.harness.submit(numberedBatch({ from, count: 1, receivedAtMicros }))
    }
    await given.harness.committed()
    const partitions = await ask(
      given.database.url,
      'select tableoid::regclass::text as name from flows order by received_at',
    )
    assert.deepEqual(
      partitions.map(({ name }) => name),
      ['flows_19700101', 'flows_20261121', 'flows_21000101'],
    )
  })

  it('creates a partition again after somebody dropped it', async () => {
    await given.harness.loader.start()
    given.harness.submit(numberedBatch({ from: 0, count: 1 }))
    await given.harness.committed()
    await ask(given.database.url, 'drop table flows_20261121')
    given.harness.submit(numberedBatch({ from: 1, count: 1 }))
    await given.harness.committed()
    assert.deepEqual(await countRows(given.database.url), { rows: 1, different: 1 })
  })

  it('puts no row into a partition that somebody detached', async () => {
    const receivedAtMicros = Date.parse('2025-11-21T06:00Z') * 1_000
    await given.harness.loader.start()
    given.harness.submit(numberedBatch({ from: 0, count: 1, receivedAtMicros }))
    await given.harness.committed()
    await ask(given.database.url, 'alter table flows detach partition flows_20251121')
    given.harness.submit(numberedBatch({ from: 1, count: 1, receivedAtMicros }))
    await given.harness.committed()
    const [kept] = await ask(given.database.url, 'select count(*)::int as rows from flows_20251121')
    assert.deepEqual(kept, { rows: 1 })
    const [found] = await ask(
      given.database.url,
      'select bytes::int as number, tableoid::regclass::text as partition from flows',
    )
    assert.deepEqual(found, { number: 1, partition: 'flows_20251121_2' })
    await ask(given.database.url, 'drop table flows_20251121')
    // No outage is logged: the lane copies through `flows` at once.
    assert.ok(given.harness.lines.every(({ level }) => level < 40))
  })

  it('loads a batch whose rows belong to two days', async () => {
    await given.harness.loader.start()
    const batch = numberedBatch({ from: 0, count: 10 })
    const receivedAtMicros = RECEIVED_AT_MICROS + 86_400e6
    for (let number = 10; number < 20; number++) {
      batch.append(typicalRecord(number), messageOf({ receivedAtMicros }))
    }
    batch.journalTo = 20
    given.harness.submit(batch)
    await given.harness.committed()
    assert.deepEqual(await countRows(given.database.url), { rows: 20, different: 20 })
  })

  it('has partitions for now and tomorrow when it has started', async () => {
    await given.harness.loader.start()
    const days = await ask(
      given.database.url,
      `select to_regclass('flows_' || to_char(now() at time zone 'UTC' + day, 'YYYYMMDD')) as name
       from unnest('{0 days, 1 day}'::interval[]) as day`,
    )
    assert.ok(days.every(({ name }) => name !== null))
  })
})
