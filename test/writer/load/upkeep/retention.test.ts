import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type pg from 'pg'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { PARTITION_DISPOSAL } from '../../../../writer/load/stores/partitioned-store.ts'
import { listPartitions, Partitions } from '../../../../writer/load/stores/partitions.ts'
import { Retention } from '../../../../writer/load/upkeep/retention.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ago, DAY_MS, dayOf, hourAgo, nameOf } from '../days-ago.ts'
import { type LogLine, recordingLogger } from '../loader-harness.ts'

const WARN = 40

describe('retention', () => {
  let database: TestDatabase
  let client: pg.Client
  let lines: LogLine[]
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())
  beforeEach(async () => {
    lines = []
    client = await connectDatabase({ connectionString: database.url })
    for (const { name } of await listPartitions(client)) {
      await client.query(`drop table ${name} cascade`)
    }
    const hours = [0, 1, 2, 3].map(hourAgo)
    await new Partitions('day').ensure(client, hours)
    await insertRows(0, 1)
  })

  afterEach(() => client.end())

  async function insertRows(days: number, rows: number): Promise<void> {
    await client.query(
      `insert into flows (received_at, exporter, observation_domain, export_version)
       select $1, '192.0.2.1', 0, 9 from generate_series(1, $2)`,
      [new Date(ago(days)), rows],
    )
  }

  function retention(options: { readonly days?: number; readonly bytes?: number }): Retention {
    const logger = recordingLogger(lines)
    return new Retention({
      store: { disposal: PARTITION_DISPOSAL },
      days: 0,
      bytes: 0,
      logger,
      ...options,
    })
  }

  function apply(days: number): Promise<boolean> {
    return retention({ days }).apply(client, Date.now())
  }

  async function names(): Promise<string[]> {
    return (await listPartitions(client)).map(({ name }) => name)
  }

  async function tables(): Promise<number> {
    const { rows } = await client.query(
      "select count(*)::int as n from pg_class where relkind = 'r' and relname ~ '^flows_'",
    )
    return rows[0]?.n as number
  }

  it('drops partitions that are entirely older, and logs them with the number of rows', async () => {
    await insertRows(3, 7)
    assert.equal(await apply(2), true)
    assert.deepEqual(await names(), [2, 1, 0].map(nameOf))
    assert.equal(await tables(), 3)
    const [line] = lines
    assert.equal(line?.['partition'], nameOf(3))
    assert.equal(line?.['from'], `${dayOf(3)}T00:00:00.000Z`)
    assert.equal(line?.['to'], `${dayOf(2)}T00:00:00.000Z`)
    assert.equal(line?.['rows'], 7)
  })

  it('keeps everything without a limit', async () => {
    await apply(0)
    assert.equal((await names()).length, 4)
  })

  for (const aheadDays of [45, -45, 400, 0.1]) {
    it(`drops nothing when the clock of this host is ${aheadDays} days ahead, and says so`, async () => {
      await insertRows(3, 1)
      const wrong = Date.now() + aheadDays * DAY_MS
      const own = retention({ days: 1 })
      assert.equal(await own.apply(client, wrong), false)
      assert.equal(await own.apply(client, wrong), false)
      assert.equal((await names()).length, 4)
      assert.equal(lines.length, 1)
      assert.match(String(lines[0]?.msg), /clocks.*differ by more than an hour; set the wrong one/)
      assert.equal(lines[0]?.['ownClock'], new Date(wrong).toISOString())
    })
  }

  it('counts from the older of two clocks that differ a little', async () => {
    // The oldest partition ends `hours` before now; minutes decide whether that is long enough.
    const [oldest] = await listPartitions(client)
    const days = (Date.now() - (oldest?.to ?? 0)) / DAY_MS
    const own = retention({ days: days - 600_000 / DAY_MS })
    assert.equal(await own.apply(client, Date.now() - 1_200_000), true)
    assert.equal((await names()).length, 4)
    assert.equal(await own.apply(client, Date.now() + 1_200_000), true)
    assert.equal((await names()).length, 3)
  })

  it('never drops the partition with the newest rows', async () => {
    await client.query('delete from flows')
    await insertRows(2, 5)
    await apply(0.01)
    assert.deepEqual(await names(), [2, 1, 0].map(nameOf))
    await insertRows(0, 1)
    await apply(0.01)
    assert.ok(!(await names()).includes(nameOf(2)))
  })

  it('deletes gaps and rejected records of that age, however many there are', async () => {
    await client.query(
      `insert into sequence_gaps (detected_at, exporter, export_version, observation_domain,
         expected, received, lost, unit)
       select at, '192.0.2.1', 9, 0, number, number + 1, 1, 'datagrams'
       from unnest(array[now() - interval '3 days', now()]) as at, generate_series(1, 12000) as number`,
    )
    await client.query(
      `insert into rejected_records (rejected_at, sqlstate, reason, record)
       select at, '23514', 'test', '{}' from unnest(array[now() - interval '3 days', now()]) as at`,
    )
    assert.equal(await apply(2), true)
    const { rows } = await client.query(
      `select (select count(*)::int from sequence_gaps) as gaps,
         (select count(*)::int from rejected_records) as rejected`,
    )
    assert.deepEqual(rows, [{ gaps: 12_000, rejected: 1 }])
    assert.equal(lines.find(({ table }) => table === 'sequence_gaps')?.['rows'], 12_000)
  })

  it('goes on after a partition that a view uses, and names the view and the remedy', async () => {
    await client.query(`create view monday as select bytes from ${nameOf(3)}`)
    const own = retention({ days: 1 })
    assert.equal(await own.apply(client, Date.now()), false)
    assert.deepEqual(await names(), [3, 1, 0].map(nameOf))
    const warnings = lines.filter(({ level }) => level === WARN)
    assert.deepEqual(
      warnings.map(({ object, remedy }) => ({ object, remedy })),
      [{ object: nameOf(3), remedy: 'drop what uses it: view monday' }],
    )
    await own.apply(client, Date.now())
    assert.equal(lines.filter(({ level }) => level === WARN).length, 1, 'once an hour')
    await client.query('drop view monday')
    assert.equal(await own.apply(client, Date.now()), true)
    assert.deepEqual(await names(), [1, 0].map(nameOf))
  })

  it('goes on after a partition that was detached before and cannot be dropped', async () => {
    await client.query(`create function kept() returns setof ${nameOf(3)} language sql as
      'select * from ${nameOf(3)}'`)
    assert.equal(await apply(1), false)
    assert.deepEqual(await names(), [1, 0].map(nameOf))
    const [warning] = lines.filter(({ level }) => level === WARN)
    assert.match(String(warning?.['detail']), /function kept\(\) depends on type/)
    assert.equal(warning?.['remedy'], 'drop the objects that the detail names')
    await client.query('drop function kept')
    assert.equal(await apply(1), true)
    assert.equal(await tables(), 2)
  })

  it('drops partitions and deletes old rows beside a default partition', async () => {
    await client.query('create table flows_rest partition of flows default')
    await insertRows(5, 3)
    await insertRows(-40, 2)
    assert.equal(await apply(2), true)
    assert.deepEqual(await names(), [2, 1, 0].map(nameOf).concat('flows_rest'))
    const { rows } = await client.query('select count(*)::int as rows from flows_rest')
    assert.deepEqual(rows, [{ rows: 2 }])
    const reader = await connectDatabase({ connectionString: database.url })
    await reader.query('begin; select count(*) from flows')
    assert.equal(await apply(1), false)
    const warning = lines.find(({ level }) => level === WARN)
    assert.match(String(warning?.['remedy']), /default partition flows_rest .*end long queries/)
    await reader.query('commit')
    await reader.end()
    assert.equal(await apply(1), true)
    assert.deepEqual(await names(), [1, 0].map(nameOf).concat('flows_rest'))
  })

  it('drops the oldest partitions while the table is larger than RETENTION_BYTES', async () => {
    for (const days of [3, 2, 1, 0]) await insertRows(days, 5_000)
    const { rows } = await client.query(
      `select pg_total_relation_size('${nameOf(3)}')::int as one, sum(pg_total_relation_size(
         inhrelid))::int as total from pg_inherits where inhparent = 'flows'::regclass`,
    )
    const { one, total } = rows[0] as { one: number; total: number }
    assert.equal(await retention({ bytes: total }).apply(client, Date.now()), true)
    assert.equal((await names()).length, 4)
    const bytes = Math.round(total - 1.5 * one)
    // The order of the partitions needs no clock.
    assert.equal(await retention({ bytes }).apply(client, Date.now() + 40 * DAY_MS), true)
    assert.deepEqual(await names(), [1, 0].map(nameOf))
    assert.deepEqual(
      lines.map(({ msg, rows: dropped }) => `${msg}: ${dropped}`),
      Array(2).fill('dropped a partition beyond RETENTION_BYTES: 5000'),
    )
    assert.equal(await retention({ bytes: 1 }).apply(client, Date.now()), true)
    assert.deepEqual(await names(), [nameOf(0)])
    assert.match(String(lines.at(-1)?.msg), /its newest partition stays: raise the limit/)
  })

  it('keeps the present partition, although a later one has rows, whatever RETENTION_BYTES is', async () => {
    await new Partitions('day').ensure(client, [Math.floor(ago(-1) / 3_600_000)])
    for (const days of [1, -1]) await insertRows(days, 1)
    assert.equal(await retention({ bytes: 1 }).apply(client, Date.now()), true)
    assert.deepEqual(await names(), [0, -1].map(nameOf))
  })

  it('does not count a partition that is being detached towards RETENTION_BYTES', async () => {
    await insertRows(3, 5_000)
    const reader = await connectDatabase({ connectionString: database.url })
    await reader.query('begin; select count(*) from flows')
    await client.query("set lock_timeout = '300ms'")
    assert.equal(await apply(2), false)
    const { rows } = await client.query(
      `select sum(pg_total_relation_size(inhrelid))::int as bytes from pg_inherits
       where inhparent = 'flows'::regclass and not inhdetachpending`,
    )
    const own = retention({ bytes: rows[0]?.bytes })
    assert.equal(await own.apply(client, Date.now()), false)
    const stuck = lines.filter(({ level }) => level === WARN).map(({ object }) => object)
    assert.deepEqual([...new Set(stuck)], [nameOf(3)])
    await reader.query('commit')
    await reader.end()
    assert.equal(await own.apply(client, Date.now()), true)
    assert.deepEqual(await names(), [2, 1, 0].map(nameOf))
    assert.equal(await tables(), 3)
  })

  it('gives up waiting for a reader, lets others load meanwhile, and finishes later', async () => {
    const reader = await connectDatabase({ connectionString: database.url })
    await reader.query('begin')
    await reader.query('select count(*) from flows')
    await client.query("set lock_timeout = '1500ms'")
    const dropping = apply(2)
    const lane = await connectDatabase({ connectionString: database.url })
    await lane.query("set lock_timeout = '700ms'")
    await lane.query(
      `insert into flows (received_at, exporter, observation_domain, export_version)
       values ($1, '192.0.2.1', 0, 9)`,
      [new Date(ago(0))],
    )
    await lane.end()
    assert.equal(await dropping, false)
    assert.match(String(lines.at(-1)?.['remedy']), /end the long transactions/)
    await reader.query('commit')
    await reader.end()
    assert.equal(await apply(2), true)
    assert.deepEqual(await names(), [2, 1, 0].map(nameOf))
    assert.equal(await tables(), 3)
  })

  it('is applied by only one of several writers at a time', async () => {
    const others = await Promise.all(
      [1, 2, 3].map(() => connectDatabase({ connectionString: database.url })),
    )
    const all = [client, ...others].map((one) => retention({ days: 1 }).apply(one, Date.now()))
    await Promise.all(all)
    await Promise.all(others.map((other) => other.end()))
    assert.deepEqual(await names(), [1, 0].map(nameOf))
    assert.equal(await tables(), 2)
    assert.deepEqual(
      lines.map(({ partition }) => partition),
      [3, 2].map(nameOf),
    )
  })

  it('drops partitions that it detached before, but none that others detached', async () => {
    await client.query(`alter table flows detach partition ${nameOf(3)}`)
    await client.query(`alter table flows detach partition ${nameOf(2)}`)
    await client.query(
      `comment on table ${nameOf(3)} is 'Older than RETENTION_DAYS: about to be dropped.'`,
    )
    await apply(2)
    const { rows } = await client.query(
      `select to_regclass('${nameOf(3)}')::text as doomed, to_regclass('${nameOf(2)}')::text as kept`,
    )
    assert.deepEqual(rows, [{ doomed: null, kept: nameOf(2) }])
    await client.query(`drop table ${nameOf(2)}`)
  })
})
