import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addSideSum, readSideSum } from '../../../../../console/web/senders/stats/side-sum.ts'

const NOTHING = { bytes: null, packets: null, flows: 0n, sampled: false, leftOut: 0n }

describe('the sums of one direction', () => {
  it('are read from text; a counter that no flow had is null', () => {
    const row = { bytes: '9007199254740993', packets: null, flows: '3', sampled: 'true' }
    const sum = { bytes: 9_007_199_254_740_993n, packets: null, flows: 3n, sampled: true }
    assert.deepEqual(readSideSum(row), { ...sum, leftOut: 0n })
    assert.deepEqual(readSideSum({}), NOTHING)
  })

  it('are added, and are sampled when one of them is', () => {
    const sum = { ...NOTHING }
    addSideSum(sum, { bytes: 5n, packets: null, flows: 1n, sampled: true, leftOut: 2n })
    addSideSum(sum, { bytes: null, packets: 7n, flows: 2n, sampled: false, leftOut: 1n })
    addSideSum(sum, { bytes: 1n, packets: 1n, flows: 1n, sampled: false, leftOut: 0n })
    assert.deepEqual(sum, { bytes: 6n, packets: 8n, flows: 4n, sampled: true, leftOut: 3n })
  })
})
