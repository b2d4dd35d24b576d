import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { findKind } from '../../../../writer/load/stores/store-kind.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { HYPERTABLE } from './stand-ins.ts'

describe('the kind of flows', () => {
  let database: TestDatabase
  let client: pg.Client
  before(async () => {
    database = await createTestDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  after(async () => {
    await client?.end()
    await database?.drop()
  })
  beforeEach(() => client.query('begin'))
  afterEach(() => client.query('rollback'))

  it('is partitioned after the migrations', async () => {
    assert.equal(await findKind(client), 'partitioned')
  })

  it('is citus only when flows itself is distributed', async () => {
    await client.query('create table pg_dist_partition (logicalrelid regclass, partmethod "char")')
    assert.equal(await findKind(client), 'partitioned')
    // A Citus local table.
    await client.query(`insert into pg_dist_partition values ('flows', 'n')`)
    assert.equal(await findKind(client), 'partitioned')
    await client.query(`update pg_dist_partition set partmethod = 'h'`)
    assert.equal(await findKind(client), 'citus')
  })

  it('is hypertable when TimescaleDB lists it', async () => {
    await client.query(HYPERTABLE)
    assert.equal(await findKind(client), 'hypertable')
  })

  it('is an error that says what is wrong for any other table', async () => {
    await client.query(`${HYPERTABLE}; delete from _timescaledb_catalog.hypertable`)
    await assert.rejects(findKind(client), /neither a partitioned table nor a hypertable/)
  })
})
