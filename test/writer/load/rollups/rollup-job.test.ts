import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { marginsOf, RollupHarness } from '../../../helpers/rollup-harness.ts'

const DAY = '2026-11-20T00:00Z'
const LEVELS = [
  ['rollup_minute', 'minute'],
  ['rollup_hour', 'hour'],
  ['rollup_day', 'day'],
] as const

describe('the rollup job', () => {
  let given: RollupHarness
  before(async () => {
    given = await RollupHarness.create()
    // Some hours are full, and the rest of the day has a few flows.
    await given.fill(2_000, DAY, '2026-11-20T02:30Z')
    await given.fill(6, '2026-11-20T02:30Z', '2026-11-21T00:00Z')
  })
  after(() => given.stop())

  async function assertEqualToFlows(): Promise<void> {
    for (const [table, interval] of LEVELS) {
      const rows = await given.ask(marginsOf(table, interval))
      assert.deepEqual(rows, await given.ask(marginsOf('flows', interval)), table)
    }
  }

  it('computes minutes that ended 65 s ago, and no hour or day before its end', async () => {
    await given.settle('2026-11-20T00:31:04Z')
    const [early] = await given.ask(
      `select max(bucket) as last, (select count(*)::int from rollup_hour) as hours from rollup_minute`,
    )
    assert.deepEqual(early, { last: new Date('2026-11-20T00:28Z'), hours: 0 })
    await given.settle('2026-11-20T01:02Z')
    const [hours] = await given.ask(
      `select count(distinct bucket)::int as hours, (select count(*)::int from rollup_day) as days from rollup_hour`,
    )
    assert.deepEqual(hours, { hours: 1, days: 0 })
  })

  it('makes every margin of every level equal to flows', async () => {
    await given.settle('2026-11-21T00:10Z')
    await assertEqualToFlows()
    assert.deepEqual(await given.ask('select * from rollup_dirty'), [])
  })

  it('computes minutes, hours and days again when late rows come', async () => {
    await given.fill(300, '2026-11-20T01:10Z', '2026-11-20T01:20Z')
    const [listed] = await given.ask('select count(*)::int as minutes from rollup_dirty')
    assert.deepEqual(listed, { minutes: 10 })
    await given.settle('2026-11-21T00:20Z')
    await assertEqualToFlows()
  })

  it('lists the greatest values from flows, and says what an unlisted one has at most', async () => {
    const values = {
      6: 'src_as',
      7: 'dst_as',
      8: 'least(src_port, dst_port)',
      9: 'src_addr',
      10: 'dst_addr',
    }
    for (const [field, value] of Object.entries(values)) {
      for (const [level, table, interval] of [
        [1, 'rollup_hour', 'hour'],
        [2, 'rollup_day', 'day'],
      ]) {
        const [counts] = await given.ask(
          `with sums as (
             select date_trunc('${interval}', received_at) as bucket, exporter, sampling_rate,
               (${value})::text as value, sum(bytes) as bytes, count(*) as flows
             from flows group by 1, 2, 3, 4
           ),
           listed as (
             select bucket, exporter, sampling_rate, coalesce(number::text, address::text) as value,
               bytes, flows
             from ${table} where field = ${field} and prefix is null
           )
           select
             (select count(*)::int from listed where not exists (
               select from sums where (sums.*) is not distinct from (listed.*))) as "notExact",
             (select count(*)::int from sums join rollup_lists as lists
                on lists.level = ${level} and lists.field = ${field} and lists.prefix is null
                  and lists.bucket = sums.bucket and lists.exporter = sums.exporter
                  and lists.sampling_rate is not distinct from sums.sampling_rate
              where sums.bytes > coalesce(least_bytes, 0) and not exists (
                select from listed where (sums.*) is not distinct from (listed.*))) as "beyond",
             (select count(*) > 0 from listed) as "some"`,
        )
        assert.deepEqual(counts, { notExact: 0, beyond: 0, some: true }, `${table} ${field}`)
      }
    }
  })

  it('tries a bucket that fails again later, and computes the others', async () => {
    await given.fill(600, '2026-11-21T00:00Z', '2026-11-21T00:20Z')
    await given.ask(
      `alter table rollup_minute add constraint refused check (bucket <> '2026-11-21T00:07Z') not valid`,
    )
    await given.settle('2026-11-21T00:30Z')
    const [found] = await given.ask(
      `select count(distinct bucket)::int as minutes from rollup_minute where bucket >= '2026-11-21'`,
    )
    assert.deepEqual(found, { minutes: 19 })
    const failures = given.lines.filter(({ msg }) =>
      /a rollup cannot be computed/.test(String(msg)),
    )
    assert.equal(failures.length, 1)
    assert.equal(failures[0]?.['bucket'], '2026-11-21T00:07:00.000Z')
    assert.equal(given.job.status.failing, 1)
    await given.ask('alter table rollup_minute drop constraint refused')
    await given.settle('2026-11-21T01:30Z')
    assert.equal(given.job.status.failing, 0)
    await given.settle('2026-11-22T00:30Z')
    await assertEqualToFlows()
  })

  it('takes sums that no bigint holds', async () => {
    await given.ask(
      `insert into flows (received_at, exporter, observation_domain, export_version, bytes, packets,
         sampling_rate, protocol, src_addr)
       select '2026-11-20T12:00:01Z', '192.0.2.1', 0, 9, 9223372036854775807, 9223372036854775807,
         4294967295, 6, '10.0.0.1' from generate_series(1, 3)`,
    )
    await given.ask(`insert into rollup_dirty (level, bucket) values (0, '2026-11-20T12:00Z')`)
    await given.settle('2026-11-22T00:30Z')
    await assertEqualToFlows()
  })
})
