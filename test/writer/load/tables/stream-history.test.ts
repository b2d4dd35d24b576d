import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { noteStreamHistory } from '../../../../writer/load/tables/stream-history.ts'
import { useClient } from '../../../helpers/use-client.ts'

const STREAM = `
  insert into exporters (address, first_seen, last_seen) values ('192.0.2.1', now(), now());
  insert into exporter_streams (exporter, export_version, observation_domain, first_seen, last_seen,
    datagrams, flow_records, lost, sequence_unit)
  values ('192.0.2.1', 5, 0, now() - interval '40 days', now(), 1000, 30000, 60, 'flows')`

describe('the history of streams', () => {
  const fixture = useClient()
  before(() => fixture.client.query(STREAM))

  const count = async () =>
    Number((await fixture.client.query('select count(*) from stream_history')).rows[0]?.count)

  /** Lets time pass since all notes. */
  const age = (by: string) =>
    fixture.client.query(`update stream_history set taken_at = taken_at - interval '${by}'`)

  it('is noted once in ten minutes, and only where counters have changed', async () => {
    await noteStreamHistory(fixture.client)
    await noteStreamHistory(fixture.client)
    assert.equal(await count(), 1)
    await age('10 minutes')
    await noteStreamHistory(fixture.client)
    assert.equal(await count(), 1)
    await fixture.client.query(
      'update exporter_streams set datagrams = 1100, flow_records = 33000, lost = 90',
    )
    await noteStreamHistory(fixture.client)
    assert.equal(await count(), 2)
  })

  it('gives the growth of the day and of the last minutes', async () => {
    await fixture.client.query('truncate stream_history')
    await noteStreamHistory(fixture.client)
    await age('1 day')
    await fixture.client.query(
      'update exporter_streams set datagrams = 1200, flow_records = 36000, lost = 390',
    )
    await noteStreamHistory(fixture.client)
    await age('10 minutes')
    await fixture.client.query(
      'update exporter_streams set datagrams = 1220, flow_records = 36600, lost = 690',
    )
    const { rows } = await fixture.client.query(
      `select datagrams::int, flow_records::int, lost::int, lost_percent::float8,
         recent_flow_records::int, round(recent_seconds)::int as recent_seconds
       from stream_day`,
    )
    assert.deepEqual(rows, [
      {
        datagrams: 120,
        flow_records: 3600,
        lost: 600,
        lost_percent: 14.2857,
        recent_flow_records: 600,
        recent_seconds: 600,
      },
    ])
  })

  it('keeps all of an hour, then one an hour for a week, and one a day before', async () => {
    await fixture.client.query('truncate stream_history')
    await fixture.client.query(
      `insert into stream_history
       select date_trunc('hour', now()) - interval '10 minutes' * n, 0, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
         5, '192.0.2.1', 'flows' from generate_series(2, 144 * 10) as n`,
    )
    await noteStreamHistory(fixture.client)
    const { rows } = await fixture.client.query(
      `select count(*) filter (where taken_at < now() - interval '7 days')::int as days,
         count(*) filter (where taken_at >= now() - interval '7 days'
           and taken_at < now() - interval '70 minutes')::int as hours
       from stream_history`,
    )
    const { days, hours } = rows[0] ?? {}
    assert.ok(days >= 3 && days <= 5, `${days} days`)
    assert.ok(hours >= 165 && hours <= 169, `${hours} hours`)
  })
})
