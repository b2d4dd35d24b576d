/** What traffic and top_talkers answer from rollups is what they answer from flows. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { RollupHarness } from '../../helpers/rollup-harness.ts'

const COMPLETE = [
  'all',
  'protocol',
  'exporter',
  'input_if',
  'output_if',
  'interface',
  'direction',
  'tos',
  'prefix',
]
const LISTED = ['src', 'dst', 'address', 'service', 'src_as', 'dst_as']
const FROM_FLOWS = [
  'pair',
  'src_port',
  'dst_port',
  'application',
  'src/24',
  'dst/48',
  'src/24,56',
  'dst/16,32',
]

/** Ranges with and without edges, closed and open. */
const RANGES = [
  ['2026-11-19T00:00Z', '2026-11-20T00:00Z'],
  ['2026-11-19T01:00Z', '2026-11-20T02:00Z'],
  ['2026-11-19T00:17:23.5Z', '2026-11-20T01:33:11Z'],
  ['2026-11-20T00:00Z', '2026-11-20T01:01Z'],
] as const

describe('questions over rollups', () => {
  let given: RollupHarness
  before(async () => {
    given = await RollupHarness.create()
    await given.fill(1_200, '2026-11-19T00:00Z', '2026-11-19T01:30Z')
    await given.fill(100, '2026-11-19T01:30Z', '2026-11-20T00:00Z')
    await given.ask(
      `insert into exporters (address) values ('192.0.2.1'), ('192.0.2.2'), ('192.0.2.3');
       insert into exporter_prefixes values
         ('192.0.2.1', '10.0.0.0/8', 'inside'), ('192.0.2.1', '10.0.1.0/24', 'nested'),
         ('192.0.2.1', '198.51.100.0/25', 'peer'), ('192.0.2.2', '2001:db8::/32', 'v6');
       update prefix_changes set changed_at = '2026-11-01'`,
    )
    await given.fill(1_200, '2026-11-20T00:00Z', '2026-11-20T02:00Z')
    await given.settle('2026-11-20T01:40Z')
    // Late rows into a closed minute, hour and day.
    await given.fill(50, '2026-11-19T00:40Z', '2026-11-19T00:42Z')
  })
  after(() => given.stop())

  async function both(sql: string, values: readonly unknown[]): Promise<[object[], object[]]> {
    const on = await given.ask(sql, values)
    await given.ask('set netflow.rollups = off')
    const off = await given.ask(sql, values)
    await given.ask('reset netflow.rollups')
    return [on, off]
  }

  it('agree with flows to the byte, by every key that is complete', async () => {
    const sources = new Set<unknown>()
    for (const by of [...COMPLETE, ...FROM_FLOWS]) {
      for (const [since, until] of RANGES) {
        for (const step of ['1 minute', '1 hour', '1 day', '7 minutes', '1 month']) {
          const sql = `select bucket, key, name, bytes, packets, flows from traffic($1, $2, $3, $4, 4)`
          const [on, off] = await both(sql, [since, until, step, by])
          assert.deepEqual(on, off, `traffic by ${by} from ${since} in ${step}`)
          assert.ok(on.length > 0)
        }
        const sql = `select rank, key, name, bytes, packets, flows, share, at_most, exact from top_talkers($1, $2, $3, 5)`
        const [on, off] = await both(sql, [since, until, by])
        assert.deepEqual(on, off, `top by ${by} from ${since}`)
      }
      for (const { source } of await given.ask(`select source from top_talkers($1, $2, $3, 5)`, [
        RANGES[1][0],
        RANGES[1][1],
        by,
      ]))
        sources.add(source)
    }
    assert.deepEqual([...sources].sort(), ['hour', 'raw'])
  })
})
