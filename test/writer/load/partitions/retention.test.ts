import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type pg from 'pg'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { listPartitions, Partitions } from '../../../../writer/load/partitions/partitions.ts'
import { applyRetention } from '../../../../writer/load/partitions/retention.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { type LogLine, recordingLogger } from '../loader-harness.ts'

const NOW = Date.parse('2026-11-21T12:00Z')
const TODAY = Math.floor(NOW / 3_600_000)

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
    for (const { name } of await listPartitions(client)) await client.query(`drop table ${name}`)
    await new Partitions('day').ensure(client, [TODAY, TODAY - 24, TODAY - 48, TODAY - 72])
  })

  afterEach(() => client.end())

  function apply(days: number): Promise<void> {
    return applyRetention(client, NOW, { days, logger: recordingLogger(lines) })
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

  it('drops partitions that are entirely older, and logs which ones', async () => {
    await apply(2)
    assert.deepEqual(await names(), ['flows_20261119', 'flows_20261120', 'flows_20261121'])
    assert.equal(await tables(), 3)
    const [line] = lines
    assert.equal(line?.['partition'], 'flows_20261118')
    assert.equal(line?.['from'], '2026-11-18T00:00:00.000Z')
    assert.equal(line?.['to'], '2026-11-19T00:00:00.000Z')
  })

  it('keeps everything when the days are 0', async () => {
    await apply(0)
    assert.equal((await names()).length, 4)
  })

  it('deletes gaps and rejected records of that age', async () => {
    await client.query(
      `insert into sequence_gaps (detected_at, exporter, export_version, observation_domain,
         expected, received, lost, unit)
       select at, '192.0.2.1', 9, 0, 1, 2, 1, 'datagrams'
       from unnest('{2026-11-18 00:00+00, 2026-11-21 00:00+00}'::timestamptz[]) as at`,
    )
    await client.query(
      `insert into rejected_records (rejected_at, sqlstate, reason, record)
       select at, '23514', 'test', '{}'
       from unnest('{2026-11-18 00:00+00, 2026-11-21 00:00+00}'::timestamptz[]) as at`,
    )
    await apply(2)
    const { rows } = await client.query(
      `select (select count(*)::int from sequence_gaps) as gaps,
         (select count(*)::int from rejected_records) as rejected`,
    )
    assert.deepEqual(rows, [{ gaps: 1, rejected: 1 }])
  })

  it('gives up waiting for a reader, lets others load meanwhile, and finishes later', async () => {
    const reader = await connectDatabase({ connectionString: database.url })
    await reader.query('begin')
    await reader.query('select count(*) from flows')
    await client.query("set lock_timeout = '1500ms'")
    const dropping = assert.rejects(apply(2), { code: '55P03' })
    const lane = await connectDatabase({ connectionString: database.url })
    await lane.query("set lock_timeout = '700ms'")
    await lane.query(
      `insert into flows (received_at, exporter, observation_domain, export_version)
       values (to_timestamp($1), '192.0.2.1', 0, 9)`,
      [NOW / 1000],
    )
    await lane.end()
    await dropping
    await reader.query('commit')
    await reader.end()
    await apply(2)
    assert.deepEqual(await names(), ['flows_20261119', 'flows_20261120', 'flows_20261121'])
    assert.equal(await tables(), 3)
  })

  it('is applied by only one of several writers at a time', async () => {
    const others = await Promise.all(
      [1, 2, 3].map(() => connectDatabase({ connectionString: database.url })),
    )
    const logger = recordingLogger(lines)
    const all = [client, ...others].map((one) => applyRetention(one, NOW, { days: 1, logger }))
    await Promise.all(all)
    await Promise.all(others.map((other) => other.end()))
    assert.deepEqual(await names(), ['flows_20261120', 'flows_20261121'])
    assert.equal(await tables(), 2)
    assert.deepEqual(
      lines.map(({ partition }) => partition),
      ['flows_20261118', 'flows_20261119'],
    )
    await applyRetention(client, NOW, { days: 0.5, logger })
    assert.deepEqual(await names(), ['flows_20261121'])
  })

  it('drops partitions that it detached before, but none that others detached', async () => {
    await client.query('alter table flows detach partition flows_20261118')
    await client.query('alter table flows detach partition flows_20261119')
    await client.query(
      "comment on table flows_20261118 is 'Older than RETENTION_DAYS: about to be dropped.'",
    )
    await apply(2)
    const { rows } = await client.query(
      `select to_regclass('flows_20261118')::text as doomed,
         to_regclass('flows_20261119')::text as kept`,
    )
    assert.deepEqual(rows, [{ doomed: null, kept: 'flows_20261119' }])
    await client.query('drop table flows_20261119')
  })
})
