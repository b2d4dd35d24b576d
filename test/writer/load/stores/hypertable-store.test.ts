/**
 * A partitioned table becomes a hypertable under a writer that runs. With a stand-in of TimescaleDB on any
 * server, and with TimescaleDB itself where the server of DATABASE_URL has it.
 */

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { createLogger } from '../../../../shared/logger.ts'
import { convertToHypertable } from '../../../../writer/load/schema/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { until } from '../../../helpers/until.ts'
import { ago, DAY_MS } from '../days-ago.ts'
import { ask, countRows, LoaderHarness } from '../loader-harness.ts'
import { numberedBatch } from '../sample-rows.ts'
import { skipWithoutTimescale } from './skip-without-timescale.ts'
import { TIMESCALE_STAND_IN } from './timescale-stand-in.ts'

const SILENT = createLogger('test', 'silent')

const EXTENSIONS = [
  { extension: 'a stand-in', create: TIMESCALE_STAND_IN, skip: false, compresses: false },
  {
    extension: 'TimescaleDB',
    create: 'create extension timescaledb',
    skip: await skipWithoutTimescale(),
    compresses: true,
  },
] as const

for (const { extension, create, skip, compresses } of EXTENSIONS) {
  describe(`a hypertable of ${extension}`, { skip }, () => {
    let database: TestDatabase
    let harness: LoaderHarness
    let rows = 0
    before(async () => {
      database = await createTestDatabase()
      await ask(database.url, create)
      harness = new LoaderHarness(database.url)
      await harness.loader.start()
    })
    afterEach(() => harness.committed())
    after(async () => {
      await harness?.loader.stop()
      await database?.drop()
    })

    async function load(days: number, count = 10): Promise<void> {
      harness.submit(numberedBatch({ from: rows, count, receivedAtMicros: ago(days) * 1000 }))
      rows += count
      await harness.committed()
    }

    const chunks = () =>
      ask(
        database.url,
        `select partition::text as name, access_method as method, since, until, total_bytes::int as bytes
         from flow_partitions where (select count(*) from flows where received_at >= since and received_at < until) > 0
         order by since`,
      )
    const days = async () =>
      (
        await ask(
          database.url,
          `select distinct (now() at time zone 'UTC')::date - (received_at at time zone 'UTC')::date as days
           from flows order by days`,
        )
      ).map(({ days }) => days)

    /** Goes on with another loader of the same journal. */
    async function restart(options: ConstructorParameters<typeof LoaderHarness>[1]): Promise<void> {
      const { journalId } = harness
      await harness.loader.stop()
      harness = new LoaderHarness(database.url, { journalId, ...options })
      await harness.loader.start()
    }

    it('has the flows of the partitions, and a writer goes on without a restart', async () => {
      await load(41)
      await load(40)
      await load(0)
      const before = await chunks()
      assert.equal(await convertToHypertable(database.url, SILENT), true)
      assert.deepEqual(
        (await chunks()).map(({ name, since, until }) => ({ name, since, until })),
        before.map(({ name, since, until }) => ({ name, since, until })),
      )
      await load(41)
      await load(39)
      await load(0)
      assert.deepEqual(await countRows(database.url), { rows, different: rows })
      const texts = harness.lines.filter(({ store }) => store).map(({ store }) => store)
      assert.deepEqual(texts, ['partitioned', 'hypertable'])
      const [position] = await ask(database.url, 'select batches::int from journal_positions')
      assert.equal(position?.['batches'], 6)
      assert.deepEqual(
        harness.released.map(({ parked }) => parked),
        [0, 0, 0, 0, 0, 0],
      )
    })

    it('is one already for the next call', async () => {
      assert.equal(await convertToHypertable(database.url, SILENT), false)
    })

    it('parks the rows that are refused, and stores the others', async () => {
      await ask(
        database.url,
        `alter table flows add constraint no_odd check (bytes < ${rows} or bytes % 2 = 0)`,
      )
      await load(0, 20)
      await ask(database.url, 'alter table flows drop constraint no_odd')
      rows -= 10
      assert.deepEqual(await countRows(database.url), { rows, different: rows })
      const [parked] = await ask(database.url, 'select count(*)::int as rows from rejected_records')
      assert.equal(parked?.['rows'], 10)
      rows += 10
    })

    it('has old chunks compressed, and takes late rows', async () => {
      if (!compresses) {
        await ask(
          database.url,
          `do $$ begin
             execute format('alter database %I set timescaledb.license = timescale', current_database());
           end $$`,
        )
      }
      const stored = (await countRows(database.url)).rows
      await restart({ columnarAfterDays: 1 })
      const methods = async () => (await chunks()).map(({ method }) => method)
      const wanted = ['compressed', 'compressed', 'compressed', 'heap']
      await until('all old chunks are compressed', async () => `${await methods()}` === `${wanted}`)
      assert.equal((await countRows(database.url)).rows, stored)
      await load(41, 30)
      assert.equal((await countRows(database.url)).rows, stored + 30)
      const line = await harness.waitForLine(/made a partition compressed/)
      assert.ok(Number(line['bytesBefore']) > 0 && Number(line['bytes']) > 0)
      const status = harness.loader.historyStatus
      assert.equal(status?.partitions, 3)
      assert.equal(status?.waiting, 0)
      assert.ok(Number(status?.bytesBefore) > 0 && Number(status?.bytesAfter) > 0)
    })

    it('gets the sampling rates that an operator sets, also where it is compressed', async () => {
      await ask(database.url, 'update flows set sampling_rate = null')
      const counted = (await countRows(database.url)).rows
      const [changed] = await ask(
        database.url,
        `select set_sampling_rate('192.0.2.1', 100, '2000-01-01', now() + interval '1 day')::int as rows`,
      )
      assert.equal(changed?.['rows'], counted)
    })

    it('loses its old chunks by age and by size, one by one, but never the newest', async () => {
      assert.deepEqual(await days(), [0, 39, 40, 41])
      await restart({ retentionDays: 40 })
      await until('the oldest is dropped', async () => `${await days()}` === '0,39,40')
      const line = await harness.waitForLine(/dropped a partition older than RETENTION_DAYS/)
      assert.equal(line['from'], new Date(ago(41) - DAY_MS / 2).toISOString())
      await restart({ retentionBytes: 1 })
      await until('only the newest chunk is left', async () => `${await days()}` === '0')
      await harness.waitForLine(/flows is larger than RETENTION_BYTES/)
    })
  })
}
