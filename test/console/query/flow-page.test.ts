/** Pages of flows have the columns and values of the view for people. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { flowPageQuery } from '../../../console/query/flow-page.ts'
import { TerminalHarness } from '../terminal/terminal-harness.ts'

const RANGE = { since: '2026-11-28T12:00:00Z', until: '2026-11-28T13:00:00Z' }

describe('a page of flows', () => {
  let harness: TerminalHarness

  before(async () => {
    harness = await TerminalHarness.start()
  })

  after(() => harness.stop())

  it('has every column of flow_details, with the same values', async () => {
    const { pipeline } = harness
    await pipeline.ask(`
      insert into names select exporter, export_version, observation_domain, 'interface', input_if::text, 'Gi0/1'
      from flows where input_if is not null group by 1, 2, 3, 4, 5 on conflict do nothing`)
    const view = await pipeline.ask('select * from flow_details order by received_at desc')
    const { text, values } = flowPageQuery({ ...RANGE, filter: { kind: 'all' }, limit: 10_000 })
    const page = await pipeline.ask(text, values)
    const columns = Object.keys(view[0] ?? {}).filter((name) => name !== 'duration')
    const pick = (row: Record<string, unknown>) =>
      JSON.stringify(columns.map((name) => (name in row ? row[name] : `no ${name}`)))
    assert.ok(page.some(({ input_name }) => input_name === 'Gi0/1'))
    assert.deepEqual(page.map(pick).sort(), view.map(pick).sort())
  })

  it('repeats and skips nothing, although flows of the same moment are stored meanwhile', async () => {
    const { pipeline } = harness
    const all = await pipeline.ask('select count(*)::int as flows from flows')
    const seen = new Set<string>()
    let place: { receivedAt: string; table: string; row: string } | undefined
    let asked = 0
    for (;;) {
      const { text, values } = flowPageQuery({
        ...RANGE,
        filter: { kind: 'all' },
        limit: 100,
        after: place,
      })
      const rows = await pipeline.ask(text, values)
      for (const row of rows) seen.add(`${row['place_table']} ${row['place_row']}`)
      asked += rows.length
      const last = rows.at(-1)
      if (!last) break
      place = {
        receivedAt: String(last['place_at']),
        table: String(last['place_table']),
        row: String(last['place_row']),
      }
      await pipeline.ask('insert into flows select * from flows where received_at = $1 limit 3', [
        last['received_at'],
      ])
    }
    assert.equal(seen.size, asked)
    assert.ok(asked >= Number(all[0]?.['flows']))
  })
})
