import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { listPartitions, Partitions } from '../../../../writer/load/stores/partitions.ts'
import { useClient } from '../../../helpers/use-client.ts'

/** Hours since 1970. */
function hourOf(time: string): number {
  return Math.floor(Date.parse(time) / 3_600_000)
}

const HOUR = hourOf('2026-11-21T07:00Z')

describe('partitions', () => {
  const fixture = useClient()
  beforeEach(async () => {
    for (const { name } of await listPartitions(fixture.client))
      await fixture.client.query(`drop table ${name}`)
  })

  async function insertAt(time: string): Promise<string> {
    const { rows } = await fixture.client.query(
      `insert into flows (received_at, exporter, observation_domain, export_version)
       values ($1, '192.0.2.1', 0, 9) returning tableoid::regclass::text as partition`,
      [time],
    )
    return rows[0]?.partition as string
  }

  it('cover a day each by default, in UTC', async () => {
    assert.deepEqual(await new Partitions('day').ensure(fixture.client, [HOUR, HOUR + 5]), [
      'flows_20261121',
    ])
    assert.equal(await insertAt('2026-11-21T00:00:00Z'), 'flows_20261121')
    assert.equal(await insertAt('2026-11-21T23:59:59.999999Z'), 'flows_20261121')
    await assert.rejects(insertAt('2026-11-22T00:00:00Z'), { code: '23514' })
  })

  it('cover an hour each on demand', async () => {
    const partitions = new Partitions('hour')
    const made = await partitions.ensure(fixture.client, [HOUR, HOUR + 1])
    assert.deepEqual(made, ['flows_2026112107', 'flows_2026112108'])
    assert.equal(await insertAt('2026-11-21T08:59:59Z'), 'flows_2026112108')
  })

  it('have the index of the parent', async () => {
    await new Partitions('day').ensure(fixture.client, [HOUR])
    const { rows } = await fixture.client.query(
      `select count(*)::int as attached from pg_inherits
       where inhparent = 'flows_received_at_idx'::regclass`,
    )
    assert.deepEqual(rows, [{ attached: 1 }])
  })

  it('are created once by writers that need them at the same time', async () => {
    const clients = await Promise.all(
      [1, 2, 3, 4].map(() => connectDatabase({ connectionString: fixture.database.url })),
    )
    const made = await Promise.all(
      clients.map((other) => new Partitions('hour').ensure(other, [HOUR, HOUR + 1, HOUR + 2])),
    )
    assert.deepEqual(made.flat().sort(), [
      'flows_2026112107',
      'flows_2026112108',
      'flows_2026112109',
    ])
    await Promise.all(clients.map((other) => other.end()))
  })

  it('are created while a lane has a transaction open on the table', async () => {
    await new Partitions('day').ensure(fixture.client, [HOUR])
    const lane = await connectDatabase({ connectionString: fixture.database.url })
    await lane.query('begin')
    await lane.query('lock table flows in row exclusive mode')
    await fixture.client.query("set lock_timeout = '2s'")
    assert.deepEqual(await new Partitions('day').ensure(fixture.client, [HOUR + 24]), [
      'flows_20261122',
    ])
    await lane.query('commit')
    await lane.end()
  })

  it('keep an existing day when the setting changes to hours', async () => {
    await new Partitions('day').ensure(fixture.client, [HOUR])
    const hours = new Partitions('hour')
    assert.deepEqual(await hours.ensure(fixture.client, [HOUR]), [])
    assert.deepEqual(await hours.ensure(fixture.client, [HOUR + 24]), ['flows_2026112207'])
  })

  it('fill the day with hours when the setting changes to days', async () => {
    await new Partitions('hour').ensure(fixture.client, [HOUR])
    const days = new Partitions('day')
    assert.deepEqual(await days.ensure(fixture.client, [HOUR, HOUR + 1]), ['flows_2026112108'])
    assert.deepEqual(await days.ensure(fixture.client, [HOUR + 24]), ['flows_20261122'])
  })

  it('fill the part of an hour that hand-made bounds leave free', async () => {
    await fixture.client.query(
      `create table odd partition of flows
       for values from ('2026-11-21 06:15+00') to ('2026-11-21 07:20+00')`,
    )
    await new Partitions('day').ensure(fixture.client, [HOUR])
    assert.equal(await insertAt('2026-11-21T07:10:00Z'), 'odd')
    assert.equal(await insertAt('2026-11-21T07:30:00Z'), 'flows_2026112107')
    await fixture.client.query('drop table odd')
  })

  it('leave all rows to a default partition', async () => {
    await fixture.client.query('create table rest partition of flows default')
    assert.deepEqual(await new Partitions('day').ensure(fixture.client, [HOUR]), [])
    assert.equal(await insertAt('2026-11-21T07:10:00Z'), 'rest')
    await fixture.client.query('drop table rest')
  })

  it('get another name when a detached table has theirs', async () => {
    const partitions = new Partitions('day')
    await partitions.ensure(fixture.client, [HOUR])
    await fixture.client.query('alter table flows detach partition flows_20261121')
    partitions.forget()
    assert.deepEqual(await partitions.ensure(fixture.client, [HOUR]), ['flows_20261121_2'])
    await fixture.client.query('drop table flows_20261121')
  })

  it('are found by the hours of a batch when one of them covers all', async () => {
    const partitions = new Partitions('day')
    assert.equal(partitions.find([HOUR]), undefined)
    await partitions.ensure(fixture.client, [HOUR, HOUR + 24])
    assert.equal(partitions.find([HOUR, HOUR + 5]), 'flows_20261121')
    assert.equal(partitions.find([HOUR + 24]), 'flows_20261122')
    assert.equal(partitions.find([HOUR, HOUR + 24]), undefined)
    assert.equal(partitions.find([]), undefined)
    partitions.avoid()
    assert.equal(partitions.find([HOUR]), undefined)
  })

  it('are not found beside a default partition', async () => {
    const partitions = new Partitions('day')
    await partitions.ensure(fixture.client, [HOUR])
    await fixture.client.query('create table rest partition of flows default')
    partitions.forget()
    await partitions.ensure(fixture.client, [HOUR])
    assert.equal(partitions.find([HOUR]), undefined)
    await fixture.client.query('drop table rest')
  })

  it('are created ahead for now and the next interval', async () => {
    const now = Date.parse('2026-12-31T23:30Z')
    assert.deepEqual(await new Partitions('hour').ensureAhead(fixture.client, now), [
      'flows_2026123123',
      'flows_2027010100',
    ])
    assert.deepEqual(await new Partitions('day').ensureAhead(fixture.client, now + 2 * 3_600_000), [
      'flows_2027010101',
      'flows_20270102',
    ])
  })

  it('are created for the oldest and the latest time that a line can hold', async () => {
    const latest = Math.floor(Number.MAX_SAFE_INTEGER / 3_600e6)
    assert.deepEqual(await new Partitions('day').ensure(fixture.client, [0, latest]), [
      'flows_19700101',
      'flows_22550605',
    ])
  })
})
