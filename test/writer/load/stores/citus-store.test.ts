/** Stand-ins for Citus: what the writer does at a coordinator and at a worker, not what Citus does. */

import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import type { FlowStore } from '../../../../writer/load/stores/flow-store.ts'
import { findStore } from '../../../../writer/load/stores/live-store.ts'
import { Retention } from '../../../../writer/load/upkeep/retention.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ago, hourAgo, nameOf } from '../days-ago.ts'
import { ask, countRows, LoaderHarness, type LogLine, recordingLogger } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'
import { citusCluster } from './stand-ins.ts'

for (const place of ['the coordinator', 'a worker'] as const) {
  describe(`flows in a Citus cluster, at ${place}`, () => {
    let database: TestDatabase
    let client: pg.Client
    let store: FlowStore
    let lines: LogLine[]
    before(async () => {
      database = await createTestDatabase()
      const isCoordinator = place === 'the coordinator'
      await ask(database.url, citusCluster({ isCoordinator }))
      await ask(database.url, `select create_distributed_table('flows', 'exporter')`)
    })
    after(() => database?.drop())
    beforeEach(async () => {
      lines = []
      client = await connectDatabase({ connectionString: database.url })
      store = await findStore(client, 'day')
      await store.targets.ensure(client, [0, 3, 4].map(hourAgo))
      for (const days of [0, 3, 4]) await insert(days)
    })
    afterEach(async () => {
      await client?.end()
      await ask(database.url, 'truncate flows')
    })

    function insert(days: number): Promise<unknown> {
      return client.query(
        `insert into flows (received_at, exporter, observation_domain, export_version)
         values ($1, '192.0.2.1', 0, 9)`,
        [new Date(ago(days))],
      )
    }

    const names = async () => (await store.disposal.list(client)).map(({ name }) => name)
    const retain = () => {
      const logger = recordingLogger(lines)
      const retention = new Retention({ store, days: 2, bytes: 0, logger })
      return retention.apply(client, Date.now())
    }

    it('have sessions that write one table after the other', async () => {
      const { rows } = await client.query(
        `select current_setting('citus.multi_shard_modify_mode') as mode`,
      )
      assert.deepEqual(rows, [{ mode: 'sequential' }])
    })

    it('are loaded into partitions that are made on the way, and once', async () => {
      const harness = new LoaderHarness(database.url)
      await harness.loader.start()
      assert.equal(harness.loader.storeKind, 'citus')
      await client.query('truncate flows')
      for (const [from, days] of [0, 1, 0].entries()) {
        harness.submit(
          numberedBatch({ from: 10 * from, count: 10, receivedAtMicros: ago(days) * 1000 }),
        )
      }
      await harness.committed()
      await harness.loader.stop()
      assert.deepEqual(await countRows(database.url), { rows: 30, different: 30 })
      assert.ok((await names()).includes(nameOf(1)))
      const again = await findStore(client, 'day')
      const hours = [hourAgo(1)]
      assert.deepEqual(await again.targets.ensure(client, hours), [])
      assert.equal(again.targets.find(hours), nameOf(1))
    })

    it('lose old partitions, though none can be detached concurrently', async () => {
      assert.equal(await retain(), true)
      assert.ok(!(await names()).some((name) => [nameOf(3), nameOf(4)].includes(name)))
      const dropped = lines.filter(({ msg }) => /^dropped a partition/.test(msg))
      assert.deepEqual(
        dropped.map(({ partition, rows }) => [partition, rows]),
        [
          [nameOf(4), 1],
          [nameOf(3), 1],
        ],
      )
    })

    it('lose a partition whose dropping was cut short before they were distributed', async () => {
      await client.query(
        `create table flows_cut (like flows);
         comment on table flows_cut is 'Older than RETENTION_DAYS: about to be dropped.'`,
      )
      assert.equal(await retain(), true)
      const finished = lines.find(({ partition }) => partition === 'flows_cut')
      assert.match(String(finished?.msg), /^dropped a partition whose dropping had been cut short$/)
      const { rows } = await client.query(`select to_regclass('flows_cut') as found`)
      assert.deepEqual(rows, [{ found: null }])
    })

    it('keep a partition that somebody reads, say so, and lose it later', async () => {
      const reader = new pg.Client({ connectionString: database.url })
      await reader.connect()
      try {
        await reader.query('begin; select count(*) from flows')
        assert.equal(await retain(), false)
        assert.ok((await names()).includes(nameOf(4)))
        const told = lines.find(({ object }) => object === nameOf(4))
        assert.match(String(told?.['remedy']), /end the long transactions that use flows/)
      } finally {
        await reader.end()
      }
      assert.equal(await retain(), true)
      assert.ok(!(await names()).includes(nameOf(4)))
    })

    it('name what else uses a partition', async () => {
      await client.query(`create view reader_view as select * from ${nameOf(4)}`)
      assert.equal(await retain(), false)
      const told = lines.find(({ object }) => object === nameOf(4))
      assert.match(String(told?.['remedy']), /^drop what uses it: view reader_view$/)
      await client.query('drop view reader_view')
      assert.equal(await retain(), true)
    })

    it('get indexes and become columnar', async () => {
      await client.query('create access method columnar type table handler heap_tableam_handler')
      const order = { name: 'one_idx', table: nameOf(4), how: 'btree (src_addr)', isBroken: false }
      await store.indexing?.build(client, order)
      await store.compression.compress(client, nameOf(4))
      const { rows } = await client.query(
        `select 'one_idx' = any (indexes) as indexed, access_method as method
         from flow_partitions where partition = $1::regclass`,
        [nameOf(4)],
      )
      assert.deepEqual(rows, [{ indexed: true, method: 'columnar' }])
      await retain()
      await client.query('drop access method columnar')
    })

    it('are described in flow_store', async () => {
      const { rows } = await client.query('select kind, detail from flow_store')
      assert.equal(rows[0]?.kind, 'citus')
      assert.equal(rows[0]?.detail.distribution_column, 'exporter')
      assert.deepEqual(rows[0]?.detail.nodes, ['worker:5432'])
    })
  })
}
