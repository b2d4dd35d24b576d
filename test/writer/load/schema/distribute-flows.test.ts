/** Stand-ins for Citus note what is distributed. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type pg from 'pg'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { distributeTables } from '../../../../writer/load/schema/distribute-flows.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { ask, recordingLogger } from '../loader-harness.ts'
import { citusCluster } from '../stores/stand-ins.ts'

describe('distributing the tables', () => {
  let database: TestDatabase
  let client: pg.Client
  beforeEach(async () => {
    database = await createTestDatabase()
    client = await connectDatabase({ connectionString: database.url })
  })
  afterEach(async () => {
    await client.end()
    await database.drop()
  })

  const distribute = () => distributeTables(client, recordingLogger([]))

  it('distributes flows, makes every other table known, and does nothing the second time', async () => {
    await ask(database.url, citusCluster({ isCoordinator: true }))
    // What the stand-ins are made of belongs to the extension.
    const { rows: own } = await client.query(
      `select relname::text as name from pg_class
       where relkind = 'r' and relnamespace = 'public'::regnamespace and not relispartition
       order by relname`,
    )
    const { isNew, tables } = await distribute()
    assert.equal(isNew, true)
    assert.deepEqual(
      tables.toSorted(),
      own.map(({ name }) => name),
    )
    assert.ok(tables.includes('journal_positions') && tables.includes('rollup_dirty'))
    assert.deepEqual(await distribute(), { isNew: false, tables: [] })
    await client.query('create table later ()')
    assert.deepEqual(await distribute(), { isNew: false, tables: ['later'] })
  })

  it('keeps the rights on views, and makes table functions plannable with the same answers', async () => {
    await client.query(`
      create table flows_1 partition of flows for values from ('2026-01-01') to ('2026-01-02');
      insert into flows (received_at, exporter, observation_domain, export_version, src_addr, dst_addr,
        src_port, dst_port, protocol, bytes, packets)
      select '2026-01-01 12:00Z', '192.0.2.1', 0, 9, '10.0.0.1', '10.0.0.2', n, 80, 6, n, 1
      from generate_series(1, 5) as n`)
    const conversations = `
      select * from conversations_between('2026-01-01Z', '2026-01-02Z') order by client_port`
    const before = (await client.query(conversations)).rows
    assert.equal(before.length, 5)
    await ask(database.url, citusCluster({ isCoordinator: true }))
    const role = `reader_${database.url.slice(-12)}`
    await client.query(`create role ${role}; grant select on flow_details to ${role}`)
    try {
      await distribute()
      const { rows } = await client.query(
        `select has_table_privilege($1, 'flow_details', 'select') as may,
           (select array_agg(distinct lanname::text) from pg_proc join pg_language as l on l.oid = prolang
            where proname in ('conversations_between', 'nat_mappings')) as languages`,
        [role],
      )
      assert.deepEqual(rows, [{ may: true, languages: ['plpgsql'] }])
      assert.deepEqual((await client.query(conversations)).rows, before)
    } finally {
      await client.query(`drop owned by ${role}; drop role ${role}`)
    }
  })

  it('says what is missing', async () => {
    await assert.rejects(distribute(), /no extension citus: "create extension citus"/)
    await ask(database.url, citusCluster({ isCoordinator: false }))
    await assert.rejects(distribute(), /a worker node: set DATABASE_URL to the coordinator/)
    await ask(
      database.url,
      `create or replace function citus_is_coordinator() returns boolean language sql as 'select true';
       delete from pg_dist_node`,
    )
    await assert.rejects(distribute(), /no node for shards: .*citus_add_node/)
  })
})
