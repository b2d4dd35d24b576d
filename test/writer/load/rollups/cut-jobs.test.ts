/** Whatever cuts the job, at whatever statement, answers stay exact, and the next run finishes it. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type pg from 'pg'
import { connectDatabase } from '../../../../writer/load/database/connection.ts'
import { beginWork } from '../../../../writer/load/rollups/compute-buckets.ts'
import { LEVELS } from '../../../../writer/load/rollups/levels.ts'
import {
  LIST_FIELDS,
  listFromFlows,
  marginsFromFlows,
} from '../../../../writer/load/rollups/sums.ts'
import { marginsOf, RollupHarness } from '../../../helpers/rollup-harness.ts'

const NOW = '2026-11-21T00:30Z'

/** A client whose connection breaks before its n-th statement. */
function breakAt(client: pg.Client, n: number): { client: pg.Client; isBroken: () => boolean } {
  let statements = 0
  const query = (...args: unknown[]) => {
    statements += 1
    if (statements >= n) {
      client.connection.stream.destroy()
      return Promise.reject(new Error('the connection is cut'))
    }
    return (client.query as (...values: unknown[]) => unknown).apply(client, args)
  }
  return { client: { query } as unknown as pg.Client, isBroken: () => statements >= n }
}

describe('a job that is cut', () => {
  let given: RollupHarness
  before(async () => {
    given = await RollupHarness.create()
    await given.fill(300, '2026-11-20T00:00Z', '2026-11-20T00:20Z')
    await given.fill(3, '2026-11-20T00:20Z', '2026-11-20T03:00Z')
  })
  after(() => given.stop())

  it('leaves everything to the next one', async () => {
    const question = `
      select bucket, key, bytes, packets, flows
      from traffic('2026-11-20T00:00Z', '2026-11-21T00:00Z', '1 hour', 'protocol', 5)`
    const expected = await given.ask(question)
    let cuts = 0
    for (let n = 1; ; n = Math.ceil(n * 1.2)) {
      const real = await connectDatabase({ connectionString: given.url })
      const { client, isBroken } = breakAt(real, n)
      const done = given.job.run(client, Date.parse(NOW))
      await done.catch((error) => assert.match(String(error), /the connection is cut/))
      if (!isBroken()) await real.end()
      assert.deepEqual(await given.ask(question), expected, `cut at statement ${n}`)
      if (!isBroken() && (await given.ask('select from rollup_dirty')).length === 0) break
      if (isBroken()) cuts += 1
    }
    assert.ok(cuts > 10)
    for (const [table, interval] of [
      ['rollup_minute', 'minute'],
      ['rollup_hour', 'hour'],
      ['rollup_day', 'day'],
    ]) {
      const rows = await given.ask(marginsOf(String(table), String(interval)))
      assert.deepEqual(rows, await given.ask(marginsOf('flows', String(interval))))
    }
  })

  it('does not sort a partition without statistics', async () => {
    const client = await connectDatabase({ connectionString: given.url })
    await beginWork(client, 'wait')
    const [minute, hour] = LEVELS
    const range = [new Date('2026-11-20T00:00Z'), new Date('2026-11-20T00:10Z')]
    const explain = async (sql: string, values: unknown[]) => {
      const { rows } = await client.query(`explain ${sql}`, values)
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }
    const margins = await explain(marginsFromFlows(minute, 'flows'), range)
    assert.match(margins, /HashAggregate/)
    assert.doesNotMatch(margins, /GroupAggregate|Sort/)
    for (const list of LIST_FIELDS) {
      const plan = await explain(listFromFlows(hour, 'flows', list), [...range, 8, 2])
      assert.match(plan, /CTE sums\n +-> +HashAggregate/)
    }
    await client.end()
  })
})
