import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findHighestRate } from './rate-search.ts'

/** Searches with a receiver that loses datagrams above one rate, and a sender with a limit of its own. */
function search(receiverLimit: number, senderLimit = Number.POSITIVE_INFINITY) {
  const tried: number[] = []
  const trial = async (wanted: number) => {
    tried.push(wanted)
    const rate = Math.min(wanted, senderLimit)
    return { isLossless: rate <= receiverLimit, rate }
  }
  const highest = findHighestRate({ trial, from: 100, to: 1_600, steps: 3 })
  return { tried, highest }
}

describe('the highest rate without loss', () => {
  it('is found by doubling and halving; a rate with losses is tried twice', async () => {
    const { tried, highest } = search(620)
    assert.deepEqual(await highest, { rate: 600, isLowerBound: false })
    assert.deepEqual(tried, [100, 200, 400, 800, 800, 600, 700, 700, 650, 650])
  })

  it('is a lower bound when the sender is too slow', async () => {
    assert.deepEqual(await search(620, 300).highest, { rate: 300, isLowerBound: true })
    assert.deepEqual(await search(620, 500).highest, { rate: 500, isLowerBound: true })
  })

  it('is a lower bound when nothing is lost up to the last rate', async () => {
    assert.deepEqual(await search(9_999).highest, { rate: 1_600, isLowerBound: true })
  })

  it('is 0 when something is lost at every rate', async () => {
    assert.deepEqual(await search(3).highest, { rate: 0, isLowerBound: false })
  })
})
