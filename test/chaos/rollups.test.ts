import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runRollupRace } from '../helpers/rollup-race.ts'

describe('rollups in a long race of loaders, jobs, kills and readers', () => {
  it('agree with flows in every snapshot, and in the end', async (context) => {
    const seed = Date.now() % 1_000_000
    const report = await runRollupRace({
      ...{ ms: 20_000, kills: 5, datagrams: 20, readers: 3, hours: 10, seed },
      killsServer: true,
    })
    context.diagnostic(JSON.stringify({ seed, ...report }))
    assert.ok(report.comparisons > 50)
    assert.ok(report.withRollups > 10)
  })
})
