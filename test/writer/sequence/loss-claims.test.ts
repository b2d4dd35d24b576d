import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LossAccount } from '../../../writer/sequence/loss-account.ts'
import { LossClaims, NO_COUNTS } from '../../../writer/sequence/loss-claims.ts'

describe('the counters of a proven unit', () => {
  it('come back when the claims after it are retracted, also by a tracker that was restored', () => {
    const claims = new LossClaims(new LossAccount())
    const proven = { late: 3, restarts: 1, strays: 2 }
    claims.prove(proven)
    assert.deepEqual(claims.retract().counts, proven)
    const restored = new LossClaims(new LossAccount())
    restored.restore(claims.toState({ late: 10, restarts: 2, strays: 6 }))
    // Its own counters begin at 0, which were 10, 2 and 6.
    assert.deepEqual(restored.retract().counts, { late: -7, restarts: -1, strays: -4 })
  })

  it('are not stored when they are those of the storing', () => {
    const claims = new LossClaims(new LossAccount())
    claims.prove({ late: 3, restarts: 1, strays: 2 })
    assert.deepEqual(claims.toState({ late: 3, restarts: 1, strays: 2 }), {})
    const restored = new LossClaims(new LossAccount())
    restored.restore({})
    assert.deepEqual(restored.retract().counts, NO_COUNTS)
  })
})
