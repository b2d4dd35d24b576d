import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { findWork } from '../../../../writer/load/rollups/find-work.ts'
import { RollupHarness } from '../../../helpers/rollup-harness.ts'

describe('the work of rollups', () => {
  let given: RollupHarness
  before(async () => {
    given = await RollupHarness.create()
    await given.ask(
      `insert into rollup_dirty (level, bucket)
       select 0, '2026-11-20T05:00Z'::timestamptz + n * interval '1 minute'
       from generate_series(0, 9) as n`,
    )
  })
  after(() => given.stop())

  /** Returns how many minutes each piece of work has. */
  async function piecesOf(maxMinutes: number, isAvoided: (key: string) => boolean = () => false) {
    const ends = ['2026-11-20T05:09Z', '2026-11-21T00:00Z', '2026-11-21T00:00Z']
    const options = { avoided: { has: isAvoided }, maxMinutes }
    const works = await findWork(given.client, ends.map(Date.parse), options)
    return works.map(({ level, buckets }) => [level.number, buckets.length])
  }

  it('is split into pieces of some minutes, and leaves out what has not ended', async () => {
    assert.deepEqual(await piecesOf(4), [
      [0, 4],
      [0, 4],
      [0, 1],
    ])
  })

  it('leaves out minutes that failed lately', async () => {
    const first = `0 ${Date.parse('2026-11-20T05:00Z')}`
    assert.deepEqual(await piecesOf(100, (key) => key === first), [[0, 8]])
  })
})
