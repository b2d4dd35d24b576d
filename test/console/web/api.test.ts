/** The answers of the API equal those of SQL. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { HOUR, WebHarness } from './web-harness.ts'

describe('the API', () => {
  let web: WebHarness

  before(async () => {
    web = await WebHarness.start()
  })

  after(() => web.stop())

  it('answers traffic whose bins add up to the flows', async () => {
    const { status, json } = await web.get(`/api/traffic?${HOUR}&by=protocol&step=5m&n=2`)
    assert.equal(status, 200)
    const [sum] = await web.pipeline.ask(
      'select sum(bytes * coalesce(sampling_rate, 1))::text as bytes from flows',
    )
    const all = json.other ? [...json.rows, json.other] : json.rows
    const bytes = all.flatMap(({ values }: { values: string[] }) => values).map(BigInt)
    assert.equal(String(bytes.reduce((a: bigint, b: bigint) => a + b, 0n)), sum?.['bytes'])
    assert.equal(json.t.length, 12)
    assert.equal(json.t[0], '2026-11-28T12:00:00Z')
    assert.equal(json.coverage.length, 12)
  })
})
