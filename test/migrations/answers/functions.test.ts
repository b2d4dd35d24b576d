/** The other functions over rollups, with figures that can be checked by hand. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { RollupHarness } from '../../helpers/rollup-harness.ts'

const DAY = ['2026-11-19T00:00Z', '2026-11-20T00:00Z'] as const
const SETTLED_AT = '2026-11-20T00:30Z'

/** A flow; what is left out is NULL. */
interface Flow {
  readonly at: string
  readonly src?: string
  readonly dst?: string
  readonly bytes?: string | number
  readonly packets?: string | number
  readonly rate?: number
  readonly start?: string
  readonly end?: string
  readonly protocol?: number
}

describe('the functions over rollups', () => {
  let given: RollupHarness
  before(async () => {
    given = await RollupHarness.create()
    await given.fill(1, ...DAY)
    await given.ask(`insert into exporters (address) values ('192.0.2.1')`)
  })
  after(() => given.stop())
  beforeEach(async () => {
    await given.ask(
      `truncate flows, rollup_dirty, rollup_minute, rollup_hour, rollup_day, rollup_lists,
         exporter_prefixes, prefix_changes`,
    )
  })

  async function store(...flows: readonly Flow[]): Promise<void> {
    await given.ask(
      `insert into flows (received_at, exporter, observation_domain, export_version, src_addr,
         dst_addr, bytes, packets, sampling_rate, flow_start, flow_end, protocol)
       select at, '192.0.2.1', 0, 9, src, dst, bytes, packets, rate, start, "end", protocol
       from jsonb_to_recordset($1) as flow (at timestamptz, src inet, dst inet, bytes bigint,
         packets bigint, rate bigint, start timestamptz, "end" timestamptz, protocol smallint)`,
      [JSON.stringify(flows)],
    )
    await given.ask(
      `insert into rollup_dirty (level, bucket)
       select distinct 0, date_trunc('minute', received_at) from flows`,
    )
  }

  /** Asks from flows, then from rollups; both must agree. */
  async function ask(sql: string, values: readonly unknown[] = [...DAY]) {
    const fromFlows = await given.ask(sql, values)
    await given.settle(SETTLED_AT)
    assert.deepEqual(await given.ask('select * from rollup_dirty'), [])
    assert.deepEqual(await given.ask(sql, values), fromFlows)
    return fromFlows
  }

  it('count prefixes in, out, and local, nested ones as well, and IPv6', async () => {
    await given.ask(
      `insert into exporter_prefixes values ('192.0.2.1', '10.0.0.0/8'), ('192.0.2.1', '10.1.0.0/16'),
         ('192.0.2.1', '2001:db8::/32')`,
    )
    const at = '2026-11-19T12:00Z'
    await store(
      { at, src: '10.1.0.1', dst: '198.51.100.1', bytes: 1, rate: 10 },
      { at, src: '198.51.100.1', dst: '10.2.0.1', bytes: 2 },
      { at, src: '10.1.0.1', dst: '2001:db8::1', bytes: 4 },
      { at, src: '198.51.100.1', dst: '198.51.100.2', bytes: 8 },
      { at, bytes: 16 },
    )
    const rows = await ask(
      `select prefix, direction, bytes::text, flows::int from prefix_traffic($1, $2, '1 day')`,
    )
    assert.deepEqual(rows, [
      { prefix: '10.0.0.0/8', direction: 'in', bytes: '2', flows: 1 },
      { prefix: '10.0.0.0/8', direction: 'out', bytes: '10', flows: 1 },
      { prefix: '10.0.0.0/8', direction: 'out:local', bytes: '4', flows: 1 },
      { prefix: '10.1.0.0/16', direction: 'out', bytes: '10', flows: 1 },
      { prefix: '10.1.0.0/16', direction: 'out:local', bytes: '4', flows: 1 },
      { prefix: '2001:db8::/32', direction: 'in:local', bytes: '4', flows: 1 },
    ])
  })

  it('count a prefix that is added later in flows that are there already', async () => {
    const at = '2026-11-19T12:00Z'
    await store({ at, src: '10.1.0.1', dst: '198.51.100.1', bytes: 1 })
    await given.settle(SETTLED_AT)
    const sql = `select prefix, direction, bytes::text from prefix_traffic($1, $2, '1 day')`
    assert.deepEqual(await given.ask(sql, [...DAY]), [])
    await given.ask(`insert into exporter_prefixes values ('192.0.2.1', '10.0.0.0/8')`)
    const expected = [{ prefix: '10.0.0.0/8', direction: 'out', bytes: '1' }]
    assert.deepEqual(await given.ask(sql, [...DAY]), expected)
    await given.ask(`update exporter_prefixes set prefix = '198.51.100.0/24'`)
    assert.deepEqual(await given.ask(sql, [...DAY]), [
      { prefix: '198.51.100.0/24', direction: 'in', bytes: '1' },
    ])
    await given.ask('delete from exporter_prefixes')
    assert.deepEqual(await given.ask(sql, [...DAY]), [])
  })

  it('find the percentile of bins of five minutes, of which empty ones are 0', async () => {
    await given.ask(`insert into exporter_prefixes values ('192.0.2.1', '10.0.0.0/8', 'customer')`)
    // An hour has 12 bins; these three have 3000, 6000 and 9000 bytes.
    await store(
      ...[0, 5, 10].map((minute) => ({
        at: `2026-11-19T12:${String(minute).padStart(2, '0')}:00Z`,
        src: '198.51.100.1',
        dst: '10.0.0.1',
        bytes: 3000 * (minute / 5 + 1),
      })),
    )
    const hour = ['2026-11-19T12:00Z', '2026-11-19T13:00Z']
    const sql = `select name, direction, bytes::int, bits_per_second::float, bins::int
      from percentile_traffic($1, $2, $3)`
    const rows = []
    for (const p of [0.5, 0.8, 0.9, 1]) rows.push(...(await ask(sql, [...hour, p])))
    assert.deepEqual(
      rows.map(({ bytes }) => bytes),
      [0, 3000, 6000, 9000],
    )
    assert.deepEqual(rows[3], {
      name: 'customer',
      direction: 'in',
      bytes: 9000,
      bits_per_second: 240,
      bins: 12,
    })
  })

  it('spread long flows over the bins that they cover, to the byte', async () => {
    await store(
      {
        at: '2026-11-19T12:30Z',
        start: '2026-11-19T12:00:30Z',
        end: '2026-11-19T12:03:10Z',
        bytes: 1000,
        packets: 7,
        rate: 3,
      },
      {
        at: '2026-11-19T12:30Z',
        start: '2026-11-19T12:01:00Z',
        end: '2026-11-19T12:01:00Z',
        bytes: 5,
        packets: 1,
      },
      { at: '2026-11-19T12:02:30Z', bytes: 11 },
    )
    const sql = `select bucket, bytes::int, packets::int, flows::int
      from traffic('2026-11-19T12:00Z', '2026-11-19T12:10Z', '1 minute', spread => true)`
    assert.deepEqual(await given.ask(sql), [
      { bucket: new Date('2026-11-19T12:00Z'), bytes: 561, packets: 3, flows: 1 },
      { bucket: new Date('2026-11-19T12:01Z'), bytes: 1130, packets: 7, flows: 1 },
      { bucket: new Date('2026-11-19T12:02Z'), bytes: 1136, packets: 9, flows: 1 },
      { bucket: new Date('2026-11-19T12:03Z'), bytes: 189, packets: 3, flows: 0 },
    ])
    const cut = await given.ask(
      `select bytes::int, flows::int from traffic('2026-11-19T12:01Z', '2026-11-19T12:02Z', '1 hour', spread => true)`,
    )
    assert.deepEqual(cut, [{ bytes: 1130, flows: 1 }])
  })

  it('scale flows afterwards whose rate was unknown', async () => {
    const at = '2026-11-19T12:00Z'
    await store({ at, bytes: 5, protocol: 6 }, { at, bytes: 7, rate: 2 })
    const sql = 'select sum(bytes)::int as bytes from top_talkers($1, $2, $3)'
    assert.deepEqual(await ask(sql, [...DAY, 'protocol']), [{ bytes: 19 }])
    const [changed] = await given.ask(
      `select set_sampling_rate('192.0.2.1', 1000, '2026-11-19 12:00Z', '2026-11-19 12:01Z')::int as flows`,
    )
    assert.deepEqual(changed, { flows: 1 })
    assert.deepEqual(await ask(sql, [...DAY, 'protocol']), [{ bytes: 5014 }])
    await assert.rejects(
      given.ask(`select set_sampling_rate('192.0.2.1', 0, '2026-11-19', '2026-11-20')`),
      /a sampling rate is between 1 and/,
    )
    const reader = `reader_${process.pid}`
    await given.ask(`create role ${reader}; set session authorization ${reader}`)
    await assert.rejects(
      given.ask(`select set_sampling_rate('192.0.2.1', 5, '2026-11-19', '2026-11-20')`),
      /only netflow_operator and the owner/,
    )
    await given.ask(`reset session authorization; drop role ${reader}`)
  })

  it('keep a ledger of losses: by time, with causes and coverage', async () => {
    await given.ask(
      `insert into exporter_streams (exporter, export_version, observation_domain, first_seen,
         last_seen, datagrams, flow_records, options_records, lost, late, duplicates, sequence_unit)
       values
         ('192.0.2.1', 5, 0, '2026-11-19 10:00Z', '2026-11-19 14:00Z', 100, 3000, 0, 60, 4, 2, 'flows'),
         ('192.0.2.1', 9, 7, '2026-11-19 10:00Z', '2026-11-19 12:00Z', 50, 500, 1, null, 0, 0, 'none');
       insert into stream_history (taken_at, exporter, export_version, observation_domain, datagrams,
         flow_records, options_records, lost, late, duplicates, strays, restarts, expired_sets,
         malformed_sets, implausible_times, flows_without_rate, sequence_unit)
       values ('2026-11-19 12:00Z', '192.0.2.1', 5, 0, 40, 1000, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 'flows');
       insert into sequence_gaps (detected_at, exporter, export_version, observation_domain, expected,
         received, lost, unit, retracted_at)
       values ('2026-11-19 13:30Z', '192.0.2.1', 5, 0, 1, 61, 60, 'flows', null),
         ('2026-11-19 13:30Z', '192.0.2.1', 5, 0, 1, 61, 1000, 'flows', now())`,
    )
    const sql = `
      select bucket, export_version as version, expected::int, received::int, lost::int, late::int,
        duplicates::int, unit, cause, coverage::float8
      from loss_ledger($1, $2, $3)`
    const all = await given.ask(sql, [...DAY, null])
    const unknown = {
      expected: null,
      lost: null,
      late: 0,
      duplicates: 0,
      unit: 'none',
      cause: 'unknown',
      coverage: null,
    }
    const flows = { version: 5, unit: 'flows' }
    assert.deepEqual(all, [
      {
        ...flows,
        bucket: new Date(DAY[0]),
        expected: 3060,
        received: 3000,
        lost: 60,
        late: 4,
        duplicates: 2,
        cause: 'network',
        coverage: 98.0392,
      },
      { ...unknown, bucket: new Date(DAY[0]), version: 9, received: 50 },
    ])
    const hours = await given.ask(sql, [...DAY, '1 hour'])
    assert.deepEqual(
      hours
        .filter(({ version }) => version === 5)
        .map(({ received, lost, coverage }) => [received, lost, coverage]),
      [
        [500, 0, 100],
        [500, 0, 100],
        [1000, 0, 100],
        [1000, 60, 94.3396],
      ],
    )
    assert.deepEqual(hours[0]?.['bucket'], new Date('2026-11-19T10:00Z'))
    // Most of these bins have a flow or two, and no whole datagram.
    const [sums] = await given.ask(
      `select sum(received)::int as received, sum(lost)::int as lost
       from loss_ledger($1, $2, '10 s') where unit = 'flows'`,
      DAY,
    )
    assert.deepEqual(sums, { received: 3000, lost: 60 })
    const [month] = await given.ask(sql, [...DAY, '1 month'])
    assert.deepEqual(month?.['bucket'], new Date('2026-11-01T00:00Z'))
    assert.equal(month?.['received'], 3000)
  })

  it('answer every question about the largest record that there is', async () => {
    await given.ask(`insert into exporter_prefixes values ('192.0.2.1', '10.0.0.0/8')`)
    const hostile = {
      at: '2026-11-19T12:00Z',
      src: '10.0.0.1',
      dst: '10.0.0.2',
      protocol: 6,
      bytes: '9223372036854775807',
      packets: '9223372036854775807',
      rate: 4_294_967_295,
      start: '1970-01-01T00:00Z',
      end: '2026-11-19T12:00Z',
    }
    await store(hostile, hostile)
    const total = String(2n * 9_223_372_036_854_775_807n * 4_294_967_295n)
    const keys =
      'all src pair service protocol src_as exporter input_if interface tos application src/24'
    for (const by of keys.split(' ')) {
      const factor = by === 'interface' ? 2n : 1n
      const [row] = await ask(`select sum(bytes)::text as bytes from top_talkers($1, $2, $3)`, [
        ...DAY,
        by,
      ])
      assert.equal(row?.['bytes'], String(BigInt(total) * factor), by)
      const [sum] = await ask(
        `select sum(bytes)::text as bytes from traffic($1, $2, '1 hour', $3)`,
        [...DAY, by],
      )
      assert.equal(sum?.['bytes'], String(BigInt(total) * factor), by)
    }
    for (const sql of [
      `select bytes::text from prefix_traffic($1, $2, '1 hour')`,
      'select bytes::text, bits_per_second::text from percentile_traffic($1, $2, 1)',
      `select bytes::text from percentile_traffic($1, $2, 1, 'interface')`,
      'select * from loss_ledger($1, $2)',
      `select bytes::text from traffic($1, $2, '1 hour', spread => true)`,
    ])
      await ask(sql)
  })
})
