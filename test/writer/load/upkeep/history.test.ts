/** Old partitions become columnar. A heap by the name of columnar stands in for the extension's method. */

import assert from 'node:assert/strict'
import { afterEach, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { columnarCompression } from '../../../../writer/load/stores/columnar.ts'
import { CONCURRENT_INDEXING } from '../../../../writer/load/stores/partitioned-store.ts'
import { buildIndexes, prepareForIndexes } from '../../../../writer/load/upkeep/address-indexes.ts'
import { History } from '../../../../writer/load/upkeep/history.ts'
import { useClient } from '../../../helpers/use-client.ts'
import { type LogLine, recordingLogger } from '../loader-harness.ts'

const STAND_IN = 'create access method columnar type table handler heap_tableam_handler'

/** Two partitions that ended years ago, and one of today. */
const PARTITIONS = `
  create table flows_20200101 partition of flows for values from ('2020-01-01') to ('2020-01-02');
  create table flows_20200102 partition of flows for values from ('2020-01-02') to ('2020-01-03');
  do $$ begin execute format(
    'create table flows_open partition of flows for values from (%L) to (%L)',
    now() - interval '1 hour', now() + interval '1 day');
  end $$;
  insert into flows (received_at, observation_domain, export_version, exporter, src_addr)
  select '2020-01-01 12:00'::timestamptz + n * interval '1 minute', 0, 5, '192.0.2.1', '10.0.0.0'::inet + n
  from generate_series(1, 1000) as n`

describe('the history of flows', () => {
  const fixture = useClient()
  let lines: LogLine[]
  before(() => prepareForIndexes(fixture.client))
  beforeEach(async () => {
    lines = []
    await fixture.client.query(`${STAND_IN}; ${PARTITIONS}`)
  })
  afterEach(() =>
    fixture.client.query(`drop table if exists flows_20200101, flows_20200102, flows_open;
      drop access method if exists columnar cascade`),
  )

  function history(afterDays: number): History {
    const { signal } = new AbortController()
    const store = { compression: columnarCompression() }
    return new History({ store, afterDays, logger: recordingLogger(lines), signal })
  }

  async function methods(): Promise<Record<string, string>> {
    const { rows } = await fixture.client.query(
      'select partition::text as name, access_method as method from flow_partitions',
    )
    return Object.fromEntries(rows.map(({ name, method }) => [name, method]))
  }

  it('begins the set number of days after the end of a partition, the newest first', async () => {
    await history(2).compress(fixture.client)
    assert.deepEqual(await methods(), {
      flows_20200101: 'columnar',
      flows_20200102: 'columnar',
      flows_open: 'heap',
    })
    const made = lines.filter(({ msg }) => msg === 'made a partition columnar')
    assert.deepEqual(
      made.map(({ partition }) => partition),
      ['flows_20200102', 'flows_20200101'],
    )
    assert.ok(made.every(({ bytes, bytesBefore }) => Number(bytes) > 0 && Number(bytesBefore) > 0))
    const { rows } = await fixture.client.query('select count(*)::int as flows from flows')
    assert.equal(rows[0]?.flows, 1000)
    await history(36_500).compress(fixture.client)
  })

  it('is not begun before its time, nor with 0', async () => {
    await history(36_500).compress(fixture.client)
    await history(0).compress(fixture.client)
    assert.equal((await methods())['flows_20200101'], 'heap')
    assert.deepEqual(lines, [])
  })

  it('takes late rows and retention, and has no indexes of addresses, which would not be used', async () => {
    const { signal } = new AbortController()
    const logger = recordingLogger(lines)
    const build = (mode: 'closed' | 'brin') =>
      buildIndexes(fixture.client, { indexing: CONCURRENT_INDEXING, mode, logger, signal })
    const indexes = async () => {
      const { rows } = await fixture.client.query(
        `select indexes from flow_partitions where partition = 'flows_20200101'::regclass`,
      )
      return rows[0]?.indexes
    }
    await build('closed')
    assert.ok((await indexes()).includes('flows_20200101_src_addr_idx'))
    await history(2).compress(fixture.client)
    await fixture.client.query(
      `insert into flows (received_at, observation_domain, export_version, exporter)
       values ('2020-01-01 13:00', 0, 5, '192.0.2.1')`,
    )
    await build('closed')
    await build('brin')
    assert.deepEqual(await indexes(), ['flows_20200101_received_at_idx'])
    await fixture.client.query('alter table flows detach partition flows_20200101 concurrently')
  })

  it('refuses to change rows, and names the partitions', async () => {
    await history(2).compress(fixture.client)
    await assert.rejects(
      fixture.client.query(`select set_sampling_rate('192.0.2.1', 10, '2020-01-01', '2020-01-02')`),
      /in columnar partitions, which cannot be changed: flows_20200101$/,
    )
  })

  it('is left out with one line where the server lacks the extension', async () => {
    await fixture.client.query('drop access method columnar')
    const own = history(2)
    await own.compress(fixture.client)
    await own.compress(fixture.client)
    assert.equal((await methods())['flows_20200101'], 'heap')
    assert.equal(lines.length, 1)
    assert.match(
      String(lines[0]?.msg),
      /no access method columnar: .*create extension citus_columnar/,
    )
  })

  it('waits 2 s for a reader, and no longer: others would have to wait, too', async () => {
    const reader = new pg.Client({ connectionString: fixture.database.url })
    await reader.connect()
    try {
      await reader.query('begin; select count(*) from flows_20200102')
      await assert.rejects(history(2).compress(fixture.client), { code: '55P03' })
    } finally {
      await reader.end()
    }
    await history(2).compress(fixture.client)
    assert.equal((await methods())['flows_20200102'], 'columnar')
  })
})
