/** The series of sequence numbers that one source port sends. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SourcePort } from '../../../../writer/netflow/memory/source-port.ts'
import { Random } from '../../../helpers/random.ts'

describe('the numbers from one source port', () => {
  /** Whether several series were found, and after how many messages first. */
  function seriesOf(numbers: readonly number[]) {
    const port = new SourcePort(5000, 1)
    const found = numbers.findIndex((number) => port.moveTo(number))
    return { isSeveral: port.hasSeveralSeries, found }
  }

  it('are several series if they keep coming back to each', () => {
    const two = Array.from({ length: 20 }, (_, n) => (n % 2 ? 900_000 : 0) + n * 15)
    assert.deepEqual(seriesOf(two), { isSeveral: true, found: 9 })
    const three = Array.from({ length: 20 }, (_, n) => (n % 3) * 900_000 + n * 15)
    assert.deepEqual(seriesOf(three), { isSeveral: true, found: 10 })
  })

  it('are one series over a wrap, a loss and a restart', () => {
    const numbers = [2 ** 32 - 10, 0, 10, 5_000, 5_010, 5_005, 0, 10, 20, 30, 40, 50, 60, 70, 80]
    assert.deepEqual(seriesOf(numbers), { isSeveral: false, found: -1 })
  })

  it('are no series if they are random or stay the same', () => {
    const random = new Random(5)
    const numbers = Array.from({ length: 500 }, () => random.below(2 ** 32))
    assert.equal(seriesOf(numbers).isSeveral, false)
    assert.equal(seriesOf(Array(50).fill(7)).isSeveral, false)
  })
})
