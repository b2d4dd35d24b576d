/** Rollups outlive the flows, and nothing that comes too late spoils them. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { PARTITION_DISPOSAL } from '../../../../writer/load/stores/partitioned-store.ts'
import { Retention } from '../../../../writer/load/upkeep/retention.ts'
import { marginsOf, RollupHarness } from '../../../helpers/rollup-harness.ts'
import { recordingLogger } from '../loader-harness.ts'

const SUM = `select sum(bytes)::text as bytes, sum(flows)::int as flows
  from traffic($1, $2, '1 day')`
const OLD_DAY = ['2026-11-10T00:00Z', '2026-11-11T00:00Z']

describe('retention of rollups', () => {
  let given: RollupHarness
  before(async () => {
    given = await RollupHarness.create()
    await given.fill(200, '2026-11-10T05:00Z', '2026-11-10T05:30Z')
    await given.fill(200, '2026-11-20T05:00Z', '2026-11-20T05:30Z')
  })
  after(() => given.stop())

  async function applyFlowRetention(): Promise<void> {
    const now = Date.now()
    const retention = new Retention({
      store: { disposal: PARTITION_DISPOSAL },
      days: (now - Date.parse('2026-11-16T00:00Z')) / 86_400_000,
      bytes: 0,
      settle: (timeMs) => given.job.settleBefore(timeMs),
      logger: recordingLogger([]),
    })
    await retention.apply(given.client, now)
  }

  it('deletes minutes, but not the hours and days that they belong to', async () => {
    await given.settle('2026-11-21T00:20Z')
    const [state] = await given.ask('select minutes_since from rollup_state')
    assert.deepEqual(state, { minutes_since: new Date('2026-11-14T00:00Z') })
    const days = await given.ask('select distinct bucket from rollup_minute where bucket < $1', [
      OLD_DAY[1],
    ])
    assert.deepEqual(days, [])
    const rows = await given.ask(marginsOf('rollup_hour', 'hour'))
    assert.deepEqual(rows, await given.ask(marginsOf('flows', 'hour')))
  })

  it('computes an hour from flows when late rows come after its minutes are deleted', async () => {
    await given.fill(20, '2026-11-10T05:10Z', '2026-11-10T05:12Z')
    await given.settle('2026-11-21T00:21Z')
    for (const [table, interval] of [
      ['rollup_hour', 'hour'],
      ['rollup_day', 'day'],
    ]) {
      const rows = await given.ask(marginsOf(String(table), String(interval)))
      assert.deepEqual(rows, await given.ask(marginsOf('flows', String(interval))))
    }
  })

  it('computes what is listed before flows are dropped, and keeps it', async () => {
    await given.fill(30, '2026-11-10T07:10Z', '2026-11-10T07:12Z')
    const before = await given.ask(SUM, OLD_DAY)
    assert.equal(before[0]?.['flows'], 250)
    await applyFlowRetention()
    const [{ flows } = {}] = await given.ask(
      'select count(*)::int as flows from flows where received_at < $1',
      [OLD_DAY[1]],
    )
    assert.equal(flows, 0)
    assert.deepEqual(await given.ask(SUM, OLD_DAY), before)
  })

  it('counts rows that come too late, and does not compute their minutes again', async () => {
    const before = await given.ask(SUM, OLD_DAY)
    await given.fill(5, '2026-11-10T05:10Z', '2026-11-10T05:12Z')
    assert.deepEqual(await given.ask(SUM, OLD_DAY), before)
    await given.settle('2026-11-21T00:22Z')
    assert.deepEqual(await given.ask(SUM, OLD_DAY), before)
    const [state] = await given.ask('select rows_too_late::int from rollup_state')
    assert.ok(Number(state?.['rows_too_late']) > 0)
    assert.deepEqual(
      await given.ask('select * from rollup_dirty where bucket < $1', [OLD_DAY[1]]),
      [],
    )
    await applyFlowRetention()
    assert.deepEqual(await given.ask(SUM, OLD_DAY), before)
  })

  it('keeps the list short and computes nothing when it is off', async () => {
    const off = await RollupHarness.create({
      enabled: false,
      days: { minute: 7, hour: 400, day: 0 },
      depths: { hour: 8, day: 12 },
    })
    await off.fill(10, '2026-11-20T05:00Z', '2026-11-20T05:02Z')
    await off.fill(10, '2026-11-20T05:00Z', '2026-11-20T05:02Z')
    await off.settle('2026-11-21T00:20Z')
    const rows = await off.ask('select level, bucket from rollup_dirty order by bucket')
    assert.equal(rows.length, 2)
    assert.deepEqual(await off.ask('select * from rollup_minute'), [])
    await off.stop()
  })

  it('begins lists anew after they were off', async () => {
    const lists = async () =>
      (await given.ask('select hour_lists_since as since from rollup_state'))[0]?.['since']
    const without = await RollupHarness.create({
      enabled: true,
      days: { minute: 7, hour: 400, day: 0 },
      depths: { hour: 0, day: 0 },
    })
    await without.fill(50, '2026-11-20T05:00Z', '2026-11-20T05:02Z')
    await without.settle('2026-11-21T00:20Z')
    assert.deepEqual(await without.ask('select * from rollup_lists'), [])
    const [row] = await without.ask(
      `select source, exact from top_talkers('2026-11-20T05:00Z', '2026-11-20T06:00Z')`,
    )
    assert.deepEqual(row, { source: 'raw', exact: true })
    await without.stop()
    assert.deepEqual(await lists(), new Date('2026-10-17T00:00Z'))
  })

  it('keeps the lists of hours for 35 days at most, even when all hours are kept', async (context) => {
    const depths = { hour: 8, day: 12 }
    const days = { minute: 7, hour: 0, day: 0 }
    const forever = await RollupHarness.create({ enabled: true, days, depths })
    context.after(() => forever.stop())
    await forever.settle('2026-11-21T00:20Z')
    const [state] = await forever.ask('select hours_since, hour_lists_since from rollup_state')
    const lists = new Date('2026-10-17T00:00Z')
    assert.deepEqual(state, { hours_since: Number.NEGATIVE_INFINITY, hour_lists_since: lists })
  })
})
