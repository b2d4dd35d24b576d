/** The store of Citus on a real cluster; skipped where there is none. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { distributeTables } from '../../../../writer/load/schema/distribute-flows.ts'
import { migrateDatabase } from '../../../../writer/load/schema/migrate.ts'
import { until } from '../../../helpers/until.ts'
import { ago } from '../days-ago.ts'
import { ask, countRows, LoaderHarness, recordingLogger } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'
import { type CitusCluster, createCitusCluster, skipWithoutCitus } from './citus-cluster.ts'

describe('a Citus cluster', { skip: skipWithoutCitus }, () => {
  let cluster: CitusCluster
  before(async () => {
    cluster = await createCitusCluster()
    const [coordinator = ''] = cluster.urls
    await migrateDatabase(coordinator, recordingLogger([]))
    const client = await connectDatabase({ connectionString: coordinator })
    try {
      const { isNew, tables } = await distributeTables(client, recordingLogger([]))
      assert.ok(isNew && tables.length > 5)
      assert.deepEqual(await distributeTables(client, recordingLogger([])), {
        isNew: false,
        tables: [],
      })
    } finally {
      await client.end()
    }
  })
  after(() => cluster?.drop())

  for (const [index, place] of ['the coordinator', 'a worker'].entries()) {
    it(`takes flows and drops old ones at ${place}, and parks what it refuses`, async () => {
      const url = cluster.urls[index] as string
      const [coordinator = ''] = cluster.urls
      await ask(coordinator, 'truncate flows, rejected_records')
      await ask(coordinator, 'alter table flows add constraint odd check (bytes <> 13)')
      const harness = new LoaderHarness(url)
      await harness.loader.start()
      assert.equal(harness.loader.storeKind, 'citus')
      for (const [number, days] of [0, 9, 8, 0].entries()) {
        const receivedAtMicros = ago(days) * 1000
        harness.submit(numberedBatch({ from: 10 * number, count: 10, receivedAtMicros }))
      }
      await harness.committed()
      await harness.loader.stop()
      await ask(coordinator, 'alter table flows drop constraint odd')
      assert.deepEqual(await countRows(url), { rows: 39, different: 39 })
      const parked = await ask(url, `select record->>'bytes' as number from rejected_records`)
      assert.deepEqual(parked, [{ number: '13' }])

      const retaining = new LoaderHarness(url, {
        retentionDays: 5,
        journalId: harness.journalId,
      })
      await retaining.loader.start()
      await until('both old partitions are dropped', async () => {
        return (await countRows(url)).rows === 20
      })
      await retaining.loader.stop()
      assert.deepEqual(retaining.fatal, [])
    })
  }
})
