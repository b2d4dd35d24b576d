import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gapsQuery } from '../../../console/query/losses.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { queryRows } from '../../helpers/pipeline.ts'

describe('the gaps of a range', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
    await queryRows(
      database.url,
      `with known as (
         insert into exporters (address, name, first_seen, last_seen)
         values ('192.0.2.1', 'edge', now(), now()), ('192.0.2.2', null, now(), now())
         returning address
       )
       insert into sequence_gaps (detected_at, exporter, export_version, observation_domain,
         expected, received, lost, unit, retracted_at)
       select '2026-11-28T12:00Z'::timestamptz + n * interval '1 minute',
         ('192.0.2.' || 1 + n % 2)::inet, 9, 0, 1, 2, n, 'datagrams',
         case n when 3 then now() end
       from generate_series(0, 5) as n`,
    )
  })
  after(() => database.drop())

  async function lostIn(since: string, until: string, limit = 0, exporters: string[] = []) {
    const { text, values } = gapsQuery({ since, until, limit, exporters })
    return (await queryRows(database.url, text, values)).map(({ lost }) => Number(lost))
  }

  it('are listed in order, without those that were taken back', async () => {
    assert.deepEqual(await lostIn('2026-11-28T12:00Z', '2026-11-28T12:05Z'), [0, 1, 2, 4])
  })

  it('are the newest ones up to a limit, of some exporters by address or name', async () => {
    const day = ['2026-11-28Z', '2026-11-29Z'] as const
    assert.deepEqual(await lostIn(...day, 2), [4, 5])
    assert.deepEqual(await lostIn(...day, 0, ['edge']), [0, 2, 4])
    assert.deepEqual(await lostIn(...day, 2, ['192.0.2.2', 'edge']), [4, 5])
    assert.deepEqual(await lostIn(...day, 0, ['192.0.2.2']), [1, 5])
  })
})
