import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { compileFilter } from '../../../console/query/compile-filter.ts'
import { parseFilter } from '../../../console/query/filter/filter.ts'
import { FLOW_DETAILS, FLOWS } from '../../../console/query/relations.ts'
import { Parameters } from '../../../console/query/sql.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { modelFilter } from './filter-model.ts'
import { EXPORTER_NAMES, type ModelFlow, modelFlow } from './flow-model.ts'

const FLOW_COUNT = 250

/** The number of a flow is its observation domain. */
async function storeFlows(client: pg.Client, flows: readonly ModelFlow[]): Promise<void> {
  await client.query('create table flows_all partition of flows default')
  for (const [address, name] of EXPORTER_NAMES) {
    await client.query('insert into exporters values ($1, $2, true, now(), now())', [address, name])
  }
  const rows = flows.map(({ duration, ...flow }, index) => ({
    ...flow,
    received_at: '2026-01-01T00:00:00Z',
    export_version: 9,
    observation_domain: index,
    flow_start: duration === null ? null : '2026-01-01T00:00:00Z',
    flow_end: duration === null ? null : new Date(Date.UTC(2026, 0, 1) + duration).toISOString(),
  }))
  await client.query(
    'insert into flows select * from jsonb_populate_recordset(null::flows, $1::jsonb)',
    [JSON.stringify(rows)],
  )
}

describe('the SQL of a filter', () => {
  let database: TestDatabase
  let client: pg.Client
  const flows = fc.sample(modelFlow, { numRuns: FLOW_COUNT, seed: 16 })

  before(async () => {
    database = await createTestDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await storeFlows(client, flows)
  })
  after(async () => {
    await client?.end()
    await database?.drop()
  })

  async function select(text: string, relation: 'flows' | 'flow_details'): Promise<number[]> {
    const parameters = new Parameters()
    const fields = relation === 'flows' ? FLOWS : FLOW_DETAILS
    const condition = compileFilter(parseFilter(text), fields, parameters)
    const { rows } = await client.query(
      `select observation_domain::int as number from ${relation} where ${condition} order by 1`,
      parameters.values,
    )
    return rows.map(({ number }) => number)
  }

  it('selects the flows of which it holds, whatever was not sent', async () => {
    await fc.assert(
      fc.asyncProperty(modelFilter, async ({ text, holds }) => {
        const expected = flows.flatMap((flow, index) => (holds(flow) ? [index] : []))
        assert.deepEqual(await select(text, 'flows'), expected, text)
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) },
    )
  })

  it('selects the same in the view for people', async () => {
    for (const text of [
      'bytes > 1000',
      'packets 40',
      'flowdir egress',
      'bps > 1m',
      'not flowdir 0',
    ]) {
      assert.deepEqual(await select(text, 'flow_details'), await select(text, 'flows'), text)
    }
  })

  it('compares numbers of 64 bits, and multiplies them without an overflow', async () => {
    await client.query('begin')
    await client.query(
      `insert into flows (received_at, exporter, observation_domain, export_version, bytes, packets, flow_start, flow_end)
       values (now(), '198.51.100.9', 9999, 9, 9223372036854775807, 9223372036854775807,
         '1970-01-01Z', '2100-01-01Z')`,
    )
    for (const text of [
      'bytes = 9223372036854775807',
      'bps > 1',
      'pps < 9223372036854775807',
      'bpp 1',
    ]) {
      assert.deepEqual(await select(`exporter 198.51.100.9 ${text}`, 'flows'), [9999], text)
    }
    await client.query('rollback')
  })

  it('finds interfaces and translated addresses by what exporters say', async () => {
    await client.query('begin')
    await client.query(
      `insert into exporter_streams (exporter, export_version, observation_domain, first_seen, last_seen, sequence_unit)
       values ('198.51.100.1', 9, 0, now(), now(), 'datagrams')`,
    )
    await client.query(`insert into names values ('198.51.100.1', 9, 0, 'interface', '2', 'Gi0/2')`)
    const named = flows.flatMap((flow, index) =>
      flow.exporter === '198.51.100.1' && flow.input_if === 2 ? [index] : [],
    )
    assert.deepEqual(await select('in if gi0/2', 'flows'), named)
    await client.query(
      `insert into flows (received_at, exporter, observation_domain, export_version, extra)
       values (now(), '198.51.100.9', 9999, 9, '{"postNATSourceIPv4Address": "203.0.113.5",
         "postNAPTSourceTransportPort": 4000, "postNATDestinationIPv6Address": "2001:db8::9"}')`,
    )
    for (const text of ['nat src ip 203.0.113.0/24', 'nat port 4000', 'nat ip 2001:db8::9']) {
      assert.deepEqual(await select(text, 'flows'), [9999], text)
    }
    await client.query('rollback')
  })
})
