import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { parseFilter } from '../../../console/query/filter/filter.ts'
import { topQuery, trafficQuery } from '../../../console/query/questions.ts'
import type { Row, Sql } from '../../../console/query/sql.ts'
import { findMargin } from '../../../console/query/sums.ts'
import { RollupHarness } from '../../helpers/rollup-harness.ts'

const DAY = { since: '2026-03-02T00:00:00Z', until: '2026-03-03T00:00:00Z' }
/** Edges that no level of the rollups has. */
const ODD = { since: '2026-03-02T03:17:20Z', until: '2026-03-02T19:41:40Z' }

/** A filter that every flow meets, and that only flows can answer. */
const ALL = '(packets 1 or not packets 1)'

describe('questions under a filter', () => {
  let harness: RollupHarness
  let client: pg.Client
  const ask = async ({ text, values }: Sql) => (await client.query(text, [...values])).rows as Row[]

  before(async () => {
    harness = await RollupHarness.create()
    await harness.fill(4000, DAY.since, DAY.until)
    await harness.ask(
      `insert into exporters values ('192.0.2.1', null, true, now(), now());
       insert into exporter_prefixes (exporter, prefix) values ('192.0.2.1', '10.0.0.0/16')`,
    )
    await harness.settle('2026-03-04T00:00:00Z')
    // As if the prefix had been there before the flows.
    await harness.ask('delete from prefix_changes')
    client = new pg.Client({
      connectionString: harness.url,
      types: { getTypeParser: () => (value: string) => value } as never,
    })
    await client.connect()
    await client.query("set timezone = 'UTC'")
  })
  after(async () => {
    await client?.end()
    await harness?.stop()
  })

  const top = async (by: string, text: string, range = ODD) =>
    ask(await topQuery(ask, { ...range, by, filter: parseFilter(text), n: 5 }))
  const traffic = async (by: string, text: string) => {
    const question = { ...DAY, by, filter: parseFilter(text), n: 3, step: '2 hours' }
    return ask(await trafficQuery(ask, question))
  }
  const withoutSource = (rows: readonly Row[]) =>
    rows.map(({ source: _, at_most: __, exact: ___, ...row }) => row)

  it('have the shape of the functions, and their sums', async () => {
    const keys = [
      'all',
      'dst',
      'address',
      'pair',
      'dst_port',
      'service',
      'protocol',
      'exporter',
      'interface',
    ]
    await client.query('set netflow.rollups = off')
    for (const by of [...keys, 'direction', 'application', 'src/24,32']) {
      const expected = await top(by, '')
      assert.deepEqual(await top(by, ALL), expected, by)
      assert.deepEqual(await traffic(by, ALL), await traffic(by, ''), by)
      assert.ok(expected.length > 1, by)
    }
    await client.query('reset netflow.rollups')
  })

  /** Filter, key, and whether rollups answer. */
  const CASES = [
    ['exporter 192.0.2.1', 'protocol', true],
    ['exporter 192.0.2.1', 'interface', true],
    ['exporter 192.0.2.1', 'prefix', true],
    ['not exporter in [192.0.2.1 192.0.2.3]', 'all', true],
    ['proto tcp', 'all', true],
    ['proto tcp or not proto udp', 'exporter', true],
    ['not in if in [1 2]', 'input_if', true],
    ['tos 1-2 and exporter 192.0.2.2', 'tos', true],
    ['flowdir egress', 'all', true],
    ['proto tcp', 'tos', false],
    ['proto tcp and tos 1', 'all', false],
    ['port 53', 'protocol', false],
    ['exporter 192.0.2.1', 'src', false],
    ['if 1', 'all', false],
  ] as const

  for (const [text, by, usesRollups] of CASES) {
    it(`are answered by ${usesRollups ? 'rollups' : 'flows'}: ${text}, by ${by}`, async () => {
      const found = await top(by, text)
      assert.equal(found[0]?.['source'] !== 'raw', usesRollups, String(found[0]?.['source']))
      assert.deepEqual(withoutSource(found), withoutSource(await top(by, `(${text}) and ${ALL}`)))
      assert.deepEqual(
        withoutSource(await traffic(by, text)),
        withoutSource(await traffic(by, `(${text}) and ${ALL}`)),
      )
    })
  }

  it('are answered by flows where a rollup is not computed yet', async () => {
    await client.query('begin')
    await client.query(`insert into rollup_dirty (level, bucket) values (0, '2026-03-02 10:00Z')`)
    const [first] = await top('all', 'proto tcp', DAY)
    assert.equal(first?.['source'], 'hour')
    assert.deepEqual(
      withoutSource(await top('all', 'proto tcp', DAY)),
      withoutSource(await top('all', `proto tcp and ${ALL}`, DAY)),
    )
    await client.query('rollback')
  })

  it('have an empty answer where there is nothing', async () => {
    const range = { since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' }
    const found = await top('src', 'proto tcp', range)
    assert.deepEqual(
      found.map(({ key, flows }) => [key, flows]),
      [['other', '0']],
    )
  })

  it('multiply without an overflow', async () => {
    await client.query('begin')
    await client.query(
      `insert into flows (received_at, exporter, observation_domain, export_version, protocol, bytes,
         sampling_rate)
       values ('2026-03-02 05:00Z', '192.0.2.9', 0, 9, 99, 4611686018427387904, 1000)`,
    )
    const [first] = await top('protocol', 'exporter 192.0.2.9 and version 9', DAY)
    assert.equal(first?.['bytes'], '4611686018427387904000')
    await client.query('rollback')
  })
})

describe('a margin', () => {
  it('knows one field beside the exporter', () => {
    const key = (fields: readonly number[]) => ({
      fields,
      lists: false,
      relation: 'flows' as const,
    })
    const fieldsOf = (text: string, fields: readonly number[]) =>
      findMargin(parseFilter(text), key(fields))?.fields
    assert.deepEqual(fieldsOf('exporter core-1', [3, 4]), [3, 4])
    assert.deepEqual(fieldsOf('proto tcp', [0]), [1])
    assert.equal(fieldsOf('proto tcp', [3, 4]), undefined)
    assert.equal(fieldsOf('in if 1 and out if 2', [0]), undefined)
    assert.equal(fieldsOf('bytes > 1', [0]), undefined)
  })
})
