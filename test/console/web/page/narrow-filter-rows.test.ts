/** Each row of each top list narrows the filter to exactly its flows. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { KEYS } from '../../../../console/query/keys.ts'
import { findTest, narrowFilter } from '../../../../console/web/page/narrow-filter.ts'
import { HOUR, WebHarness } from '../web-harness.ts'

interface Row {
  readonly key: string | null
  readonly flows: string
}

/** Flows count at each end, or once for several keys. */
const COUNTED_TWICE = ['address', 'interface', 'service', 'prefix']
const ROWS = 6

describe('a row of a top list', () => {
  let web: WebHarness

  before(async () => {
    web = await WebHarness.start()
    await web.pipeline.ask(`insert into exporter_prefixes (exporter, prefix)
      select address, prefix from exporters, unnest('{10.0.0.0/8,198.51.100.0/24}'::cidr[]) as prefix`)
  })

  after(() => web?.stop())

  async function ask(parameters: Readonly<Record<string, string>>): Promise<readonly Row[]> {
    const { json, text, status } = await web.get(
      `/api/top?${HOUR}&${new URLSearchParams(parameters)}`,
    )
    assert.equal(status, 200, text)
    return json.rows
  }

  for (const by of [...Object.keys(KEYS), 'src/24,48', 'dst/16,32']) {
    it(`by ${by} narrows the filter to its flows`, async () => {
      for (const row of await ask({ by, n: String(ROWS) })) {
        const test = findTest(by, row.key)
        if (test === undefined) continue
        const filter = narrowFilter('bytes >= 0 or packets >= 0', test)
        const [sum] = await ask({ by: 'all', filter })
        const [again] = (await ask({ by, filter })).filter(({ key }) => key === row.key)
        assert.equal(again?.flows, row.flows, `${test}, by ${by}`)
        if (!COUNTED_TWICE.includes(by)) assert.equal(sum?.flows, row.flows, test)
      }
    })
  }
})
