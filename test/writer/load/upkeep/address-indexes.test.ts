import assert from 'node:assert/strict'
import { afterEach, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { CONCURRENT_INDEXING } from '../../../../writer/load/stores/partitioned-store.ts'
import {
  buildIndexes,
  type IndexAddresses,
  prepareForIndexes,
} from '../../../../writer/load/upkeep/address-indexes.ts'
import { until } from '../../../helpers/until.ts'
import { useClient } from '../../../helpers/use-client.ts'
import { type LogLine, recordingLogger } from '../loader-harness.ts'

/** A partition that ended long ago, one that ended half an hour ago, and one of now. */
const PARTITIONS = `
  create table flows_20200101 partition of flows for values from ('2020-01-01') to ('2020-01-02');
  insert into flows (received_at, observation_domain, export_version, exporter, src_addr, dst_addr)
  select '2020-01-01 12:00', 0, 5, '192.0.2.1', '10.0.0.0'::inet + n, '10.1.0.0'::inet + n
  from generate_series(1, 3000) as n;
  do $$ begin execute format(
    'create table flows_ended partition of flows for values from (%L) to (%L);
     create table flows_open partition of flows for values from (%L) to (%L)',
    now() - interval '1 hour', now() - interval '30 minutes',
    now() - interval '30 minutes', now() + interval '1 day');
  end $$;
  analyze flows`

const CGNAT = `
  insert into exporters (address, first_seen, last_seen) values ('192.0.2.1', now(), now());
  insert into exporter_streams (exporter, export_version, observation_domain, first_seen, last_seen,
    sequence_unit) values ('192.0.2.1', 10, 0, now(), now(), 'records');
  insert into templates (exporter, export_version, observation_domain, template_id, source_port, kind,
    fields, scope_fields, status, first_seen, defined_at, last_seen, redefinitions, definition_hash)
  values ('192.0.2.1', 10, 0, 256, 0, 'flows', '[[0, 230, 1], [0, 225, 4]]', 0, 'confirmed', now(),
    now(), now(), 0, '')`

describe('the indexes of partitions', () => {
  const fixture = useClient()
  let lines: LogLine[]
  before(() => prepareForIndexes(fixture.client))
  beforeEach(async () => {
    lines = []
    await fixture.client.query(PARTITIONS)
  })
  afterEach(() =>
    fixture.client.query(
      'drop table flows_20200101, flows_ended, flows_open; delete from exporters',
    ),
  )

  function build(mode: IndexAddresses, signal = new AbortController().signal): Promise<void> {
    const logger = recordingLogger(lines)
    return buildIndexes(fixture.client, { indexing: CONCURRENT_INDEXING, mode, logger, signal })
  }

  /** Returns the indexes of addresses that can be used. */
  async function indexes(): Promise<string[]> {
    const { rows } = await fixture.client.query<{ name: string }>(
      `select unnest(indexes) as name from flow_partitions order by name`,
    )
    return rows.map(({ name }) => name).filter((name) => !name.includes('received_at'))
  }

  it('are built on both addresses an hour after the end, once, and answer for one address', async () => {
    await build('closed')
    assert.deepEqual(await indexes(), [
      'flows_20200101_dst_addr_idx',
      'flows_20200101_src_addr_idx',
    ])
    assert.equal(lines.filter(({ msg }) => msg === 'built an index on a partition').length, 2)
    await build('closed')
    assert.equal(lines.length, 2)
    const { rows } = await fixture.client.query(
      `explain select * from flow_details where received_at >= '2020-01-01'
         and received_at < '2020-01-02' and src_addr = '10.0.0.7'`,
    )
    assert.match(JSON.stringify(rows), /flows_20200101_src_addr_idx/)
  })

  it('of all partitions are one small BRIN each where it is asked for', async () => {
    await build('brin')
    assert.deepEqual(await indexes(), [
      'flows_20200101_addresses_idx',
      'flows_ended_addresses_idx',
      'flows_open_addresses_idx',
    ])
  })

  it('are none where none is asked for', async () => {
    await build('none')
    assert.deepEqual(await indexes(), [])
  })

  it('of translated addresses are built where an exporter sends them', async () => {
    await fixture.client.query(CGNAT)
    await build('closed')
    assert.ok((await indexes()).includes('flows_20200101_nat_idx'))
  })

  it('that were cut short are dropped and built again', async () => {
    await fixture.client.query(
      'create index flows_20200101_src_addr_idx on flows_20200101 (src_addr)',
    )
    await fixture.client.query(
      `update pg_index set indisvalid = false
       where indexrelid = 'flows_20200101_src_addr_idx'::regclass`,
    )
    const { rows } = await fixture.client.query(
      `select is_building from flow_partitions where partition = 'flows_20200101'::regclass`,
    )
    assert.deepEqual(rows, [{ is_building: true }])
    await build('closed')
    assert.ok((await indexes()).includes('flows_20200101_src_addr_idx'))
  })

  it('are built by one writer at a time, while rows are loaded and read', async () => {
    const loading = new pg.Client({ connectionString: fixture.database.url })
    await loading.connect()
    const insert = `insert into flows (received_at, observation_domain, export_version, exporter)
      values ('2020-01-01 13:00', 0, 5, '192.0.2.1')`
    // The build waits for this transaction, and others wait for neither.
    await loading.query(`begin; ${insert}`)
    const waiting = build('closed')
    const other = new pg.Client({ connectionString: fixture.database.url })
    await other.connect()
    await until('the build waits', async () => {
      const { rows } = await other.query(
        `select from pg_stat_activity where query like 'create index concurrently%'
           and wait_event_type = 'Lock' and datname = current_database()`,
      )
      return rows.length > 0
    })
    await other.query(`set lock_timeout = '5s'; ${insert}; select count(*) from flows`)
    await buildIndexes(other, {
      indexing: CONCURRENT_INDEXING,
      mode: 'closed',
      logger: recordingLogger(lines),
      signal: new AbortController().signal,
    })
    assert.deepEqual(lines, [])
    await loading.query('commit')
    await waiting
    assert.equal(lines.length, 2)
    await loading.end()
    await other.end()
  })

  it('go with their partition', async () => {
    await build('closed')
    await fixture.client.query('alter table flows detach partition flows_20200101 concurrently')
    await fixture.client.query('drop table flows_20200101')
    assert.deepEqual(await indexes(), [])
    await fixture.client.query('create table flows_20200101 ()')
  })
})
