/** The answers of traffic and top_talkers are the same from rollups and from flows. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { RollupHarness } from '../../helpers/rollup-harness.ts'

const COMPLETE = 'all protocol exporter input_if output_if interface direction tos prefix'
const FROM_FLOWS = 'pair src_port dst_port application src/24 dst/48 src/24,56 dst/16,32'
const LISTED = 'src dst address service src_as dst_as'

/** With edges that no bucket has, over closed, late and open hours. */
const UNEVEN = ['2026-11-19T00:17:23.5Z', '2026-11-20T01:33:11Z'] as const
const WHOLE = ['2026-11-19T00:00Z', '2026-11-20T02:00Z'] as const

const NEW_YORK = `set timezone = 'America/New_York'`

describe('questions over rollups', () => {
  let given: RollupHarness
  before(async () => {
    given = await RollupHarness.create()
    await given.ask(
      `insert into exporters (address) values ('192.0.2.1'), ('192.0.2.2'), ('192.0.2.3');
       insert into exporter_prefixes values
         ('192.0.2.1', '10.0.0.0/8', 'inside'), ('192.0.2.1', '10.0.1.0/24', 'nested'),
         ('192.0.2.1', '198.51.100.0/25', 'peer'), ('192.0.2.2', '2001:db8::/32', 'v6');
       update prefix_changes set changed_at = '2026-11-01'`,
    )
    await given.fill(1_200, '2026-11-19T00:00Z', '2026-11-19T01:30Z')
    await given.fill(100, '2026-11-19T01:30Z', '2026-11-20T00:00Z')
    await given.fill(1_200, '2026-11-20T00:00Z', '2026-11-20T02:00Z')
    await given.settle('2026-11-20T01:40Z')
    // Late rows into a closed minute, hour and day.
    await given.fill(50, '2026-11-19T00:40Z', '2026-11-19T00:42Z')
  })
  after(() => given.stop())

  async function fromFlows(sql: string, values: readonly unknown[]) {
    await given.ask('set netflow.rollups = off')
    const rows = await given.ask(sql, values)
    await given.ask('reset netflow.rollups')
    return rows
  }

  async function assertEqual(sql: string, values: readonly unknown[]): Promise<void> {
    const rows = await given.ask(sql, values)
    assert.deepEqual(rows, await fromFlows(sql, values), `${sql} ${values}`)
    assert.ok(rows.length > 0, `${sql} ${values}`)
  }

  const TRAFFIC = 'select bucket, key, name, bytes, packets, flows from traffic($1, $2, $3, $4, 4)'
  const TOP = `select rank, key, name, bytes, packets, flows, share, at_most, exact
    from top_talkers($1, $2, $3, 5)`

  it('agree with flows to the byte, by every key', async () => {
    for (const by of `${COMPLETE} ${FROM_FLOWS}`.split(' ')) {
      await assertEqual(TRAFFIC, [...UNEVEN, '1 hour', by])
      await assertEqual(TOP, [...UNEVEN, by])
      await assertEqual(TOP, [...WHOLE, by])
    }
    for (const by of LISTED.split(' ')) await assertEqual(TRAFFIC, [...WHOLE, '1 day', by])
  })

  it('agree with flows in steps of any length, whatever the time zone', async () => {
    await given.ask(NEW_YORK)
    for (const step of ['1 minute', '7 minutes', '90 seconds', '1 day', '7 days', '1 month']) {
      await assertEqual(TRAFFIC, [...UNEVEN, step, 'protocol'])
    }
    await given.ask('reset timezone')
  })

  it('say which level has answered', async () => {
    const sourceOf = async (since: string, until: string, by: string) => {
      const rows = await given.ask('select source from top_talkers($1, $2, $3, 1)', [
        since,
        until,
        by,
      ])
      return rows[0]?.['source']
    }
    assert.equal(await sourceOf('2026-11-20T00:00Z', '2026-11-20T00:10Z', 'all'), 'minute')
    assert.equal(await sourceOf('2026-11-20T00:00Z', '2026-11-20T00:10Z', 'src'), 'raw')
    assert.equal(await sourceOf('2026-11-20T00:00Z', '2026-11-20T01:00Z', 'src'), 'hour')
    // Its day has late rows.
    assert.equal(await sourceOf('2026-11-19T00:00Z', '2026-11-20T00:00Z', 'all'), 'hour')
  })

  it('hold the bounds of lists for every value, and sum up to the total', async () => {
    for (const by of LISTED.split(' ')) {
      for (const range of [UNEVEN, WHOLE]) {
        const all = 'select key, bytes, flows from top_talkers($1, $2, $3, 1000000)'
        const exact = new Map(
          (await fromFlows(all, [...range, by])).map((row) => [row['key'], row]),
        )
        const rows = await given.ask('select * from top_talkers($1, $2, $3, 20)', [...range, by])
        for (const { rank, key, bytes, at_most: atMost, exact: isExact } of rows.slice(0, -1)) {
          const truth = BigInt(String(exact.get(key)?.['bytes'] ?? 0))
          const text = `${rank} by ${by}: ${key}`
          assert.ok(truth >= BigInt(String(bytes ?? 0)), text)
          assert.ok(truth <= BigInt(String(atMost)), text)
          if (isExact) assert.equal(truth, BigInt(String(bytes ?? 0)), text)
        }
        const total = (of: Iterable<Record<string, unknown>>) =>
          [...of].reduce((sum, row) => sum + BigInt(String(row['bytes'] ?? 0)), 0n)
        assert.equal(rows.at(-1)?.['rank'], null)
        assert.equal(total(rows), total(exact.values()), `the sum by ${by}`)
      }
    }
  })

  it('name what was not sent, and what is left', async () => {
    const rows = await given.ask('select * from top_talkers($1, $2, $3, 100)', [
      ...WHOLE,
      'protocol',
    ])
    assert.deepEqual(
      rows
        .map(({ rank, key, name }) => [rank, key, name])
        .sort((a, b) => Number(a[0]) - Number(b[0])),
      [
        [null, 'other', 'other'],
        ...rows.slice(0, -1).map(({ rank, key, name }) => [rank, key, name]),
      ],
    )
    assert.deepEqual(
      new Set(rows.map(({ name }) => name)),
      new Set(['tcp', 'udp', 'icmp', 'not sent', 'other']),
    )
    assert.equal(rows.find(({ name }) => name === 'not sent')?.['key'], null)
  })

  it('say what is wrong with a question', async () => {
    const wrong: [string, RegExp][] = [
      [`traffic('2026-11-19', '2026-11-20', '1 hour', 'colour')`, /nothing is known by "colour"/],
      [`traffic('2026-11-19', '2026-11-20', '0 s')`, /a step must be longer than nothing/],
      [`traffic('2026-11-19', '2026-11-20', '5 weeks 1 month')`, /a step of months is/],
      [`traffic(null, '2026-11-20', '1 hour')`, /a range has two ends/],
      [`top_talkers('2026-11-19', '2026-11-20', 'src/129')`, /nothing is known by "src\/129"/],
      [`percentile_traffic('2026-11-19', '2026-11-20', 95)`, /at most 1, for example 0.95/],
      [`percentile_traffic('2026-11-19 00:01Z', '2026-11-20')`, /must be whole 5 minutes/],
    ]
    for (const [question, message] of wrong) {
      await assert.rejects(given.ask(`select * from ${question}`), message)
    }
    assert.deepEqual(
      await given.ask(`select * from traffic('2026-11-20', '2026-11-19', '1 h')`),
      [],
    )
  })

  it('look only at the partitions of the range, when they are planned', async () => {
    await given.fill(10, '2026-11-18T00:00Z', '2026-11-18T00:10Z')
    const [{ sql } = {}] = await given.ask(
      `select flow_sums('2026-11-20T00:00:30Z', '2026-11-20T01:00:30Z', 'pair') as sql`,
    )
    const plan = await given.ask(`explain ${sql}`)
    const text = plan.map((row) => row['QUERY PLAN']).join('\n')
    assert.match(text, /flows_20261120/)
    assert.doesNotMatch(text, /flows_20261119|flows_20261118|Subplans Removed/)
  })
})
