/** Answers from rollups and from flows are the same at every moment, whatever happens meanwhile. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runRollupRace } from '../helpers/rollup-race.ts'

describe('rollups of two pipelines with late rows and a killed writer', () => {
  it('agree with flows in every snapshot, and in the end', async (context) => {
    const seed = Date.now() % 1_000_000
    const report = await runRollupRace({
      ...{ ms: 2_000, kills: 1, datagrams: 4, readers: 1, hours: 2, seed },
    })
    context.diagnostic(JSON.stringify({ seed, ...report }))
    assert.ok(report.comparisons > 5)
    assert.ok(report.withRollups > 0)
  })
})
