import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runOutage } from './outage.ts'
import { runReplay } from './replay.ts'
import { CHAOS_SIZES } from './sizes.ts'
import { runStorm } from './storm.ts'

describe('a pipeline in a storm', () => {
  it('stores every flow once while everything around it is killed, stopped and cut', async (context) => {
    const seed = Date.now() % 1_000_000
    context.diagnostic(`seed ${seed}`)
    const report = await runStorm({
      ...CHAOS_SIZES.short.storm,
      seed,
      progress: (text) => context.diagnostic(text),
    })
    context.diagnostic(JSON.stringify({ ...report, faults: Object.fromEntries(report.faults) }))
    assert.deepEqual(report.problems, [], `seed ${seed}`)
    const faults = [...report.faults.values()].reduce((sum, count) => sum + count, 0)
    assert.ok(faults > 3, `${faults} faults are no storm`)
    assert.ok(report.sentDatagrams > 3_000)
  })
})

describe('a pipeline whose database is away for the whole of the sending', () => {
  it('keeps everything in the journal, not in memory, and stores it once afterwards', async (context) => {
    const report = await runOutage({
      ...CHAOS_SIZES.short.outage,
      progress: (text) => context.diagnostic(text),
    })
    context.diagnostic(JSON.stringify(report))
    assert.deepEqual(report.problems, [])
    const { before = 0, during = 0 } = report.writerBytes
    // The journal took 10 MB meanwhile; what a batch or two need is not counted.
    assert.ok(during - before < 100e6, `the writer grew from ${before} to ${during} bytes`)
  })
})

describe('a writer that is killed again and again', () => {
  it('leaves the same in every table as one that is not', async (context) => {
    const report = await runReplay({
      ...CHAOS_SIZES.short.replay,
      seed: Date.now() % 1_000_000,
      progress: (text) => context.diagnostic(text),
    })
    const { problems, ...figures } = report
    context.diagnostic(JSON.stringify(figures))
    assert.deepEqual(problems, [])
  })
})
