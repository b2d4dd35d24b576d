import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { findKind } from '../../../../writer/load/stores/store-kind.ts'
import { useClient } from '../../../helpers/use-client.ts'
import { HYPERTABLE } from './stand-ins.ts'

describe('the kind of flows', () => {
  const fixture = useClient()
  beforeEach(() => fixture.client.query('begin'))
  afterEach(() => fixture.client.query('rollback'))

  it('is partitioned after the migrations', async () => {
    assert.equal(await findKind(fixture.client), 'partitioned')
  })

  it('is citus only when flows itself is distributed', async () => {
    await fixture.client.query(
      'create table pg_dist_partition (logicalrelid regclass, partmethod "char")',
    )
    assert.equal(await findKind(fixture.client), 'partitioned')
    // A Citus local table.
    await fixture.client.query(`insert into pg_dist_partition values ('flows', 'n')`)
    assert.equal(await findKind(fixture.client), 'partitioned')
    await fixture.client.query(`update pg_dist_partition set partmethod = 'h'`)
    assert.equal(await findKind(fixture.client), 'citus')
  })

  it('is hypertable when TimescaleDB lists it', async () => {
    await fixture.client.query(HYPERTABLE)
    assert.equal(await findKind(fixture.client), 'hypertable')
  })

  it('is an error that says what is wrong for any other table', async () => {
    await fixture.client.query(`${HYPERTABLE}; delete from _timescaledb_catalog.hypertable`)
    await assert.rejects(findKind(fixture.client), /neither a partitioned table nor a hypertable/)
  })
})
