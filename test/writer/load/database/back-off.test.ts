import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BackOff } from '../../../../writer/load/database/back-off.ts'

describe('a back-off', () => {
  it('doubles the wait up to the longest one, and begins again after a success', () => {
    const backOff = new BackOff({ firstMs: 100, longestMs: 500 })
    const next = () => backOff.nextMs(1)
    assert.deepEqual([next(), next(), next(), next(), next()], [100, 200, 400, 500, 500])
    backOff.reset()
    assert.equal(next(), 100)
  })

  it('leaves half of the wait to chance', () => {
    const waits = [0, 0.5, 1].map((random) =>
      new BackOff({ firstMs: 100, longestMs: 100 }).nextMs(random),
    )
    assert.deepEqual(waits, [50, 75, 100])
  })

  it('waits until the time is over', async () => {
    const before = performance.now()
    await new BackOff({ firstMs: 40, longestMs: 40 }).wait(new AbortController().signal)
    assert.ok(performance.now() - before >= 15)
  })

  it('throws the reason of a signal that aborts, now or before', async () => {
    const reason = new Error('enough')
    const abort = new AbortController()
    const backOff = new BackOff({ firstMs: 60_000, longestMs: 60_000 })
    const waiting = assert.rejects(backOff.wait(abort.signal), reason)
    abort.abort(reason)
    await waiting
    await assert.rejects(backOff.wait(abort.signal), reason)
  })
})
