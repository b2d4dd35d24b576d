import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { median, quantile, ratiosOf, spreadOf } from './spread.ts'

describe('samples', () => {
  it('have a median: the middle one, or the mean of the middle two', () => {
    assert.equal(median([9, 1, 5]), 5)
    assert.equal(median([4, 1, 2, 9]), 3)
    assert.ok(Number.isNaN(median([])))
  })

  it('have ends', () => {
    assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 })
  })

  it('have quantiles, which are samples themselves', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.equal(quantile(hundred, 0.5), 50)
    assert.equal(quantile(hundred, 0.99), 99)
    assert.equal(quantile(hundred, 1), 100)
    assert.equal(quantile([7], 0.01), 7)
  })

  it('are divided round by round', () => {
    assert.deepEqual(ratiosOf([4, 9], [2, 3]), [2, 3])
  })
})
