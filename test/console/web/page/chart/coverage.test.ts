/** The coverage strip: levels, heights, sentences and sums of its bins. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  describeCoverage,
  levelOf,
  lossHeight,
  sumCoverage,
} from '../../../../../console/web/page/chart/coverage.ts'

type Bin = Parameters<typeof levelOf>[0]

const bin = (expected: string | null, received: string | null, own: Partial<Bin> = {}): Bin => ({
  t: '2026-11-28T12:00:00Z',
  expected,
  received,
  percent: expected === null ? null : (Number(received) / Number(expected)) * 100,
  losses: [],
  ...own,
})
const loss = (unit: string, cause: string, lost: string | null): Bin['losses'][number] => ({
  ...{ unit, cause, lost, expected: null, received: null },
})
const LOST = bin('1000', '998', { losses: [loss('flows', 'network', '2')] })
const percents = fc.double({ min: 0, max: 100, maxExcluded: true, noNaN: true })

describe('a bin of the strip', () => {
  it('is whole only when nothing is missing', () => {
    assert.equal(levelOf(bin('10', '10')), 'whole')
    assert.equal(levelOf(LOST), 'lost')
    assert.equal(levelOf(bin(null, null)), 'unknown')
  })

  it('shows any loss, and more loss higher', () => {
    fc.assert(
      fc.property(percents, percents, (one, other) => {
        const [less = 0, more = 0] = [one, other]
          .sort((a, b) => b - a)
          .map((percent) => lossHeight(bin('1', '1', { percent })))
        assert.ok(less >= 0.3 && less <= more && more <= 1, `${less}, ${more}`)
      }),
    )
    assert.equal(lossHeight(bin('10', '10')), 0)
    assert.equal(lossHeight(bin(null, null)), 0)
  })

  it('is described by its percentage and its causes', () => {
    assert.equal(describeCoverage(LOST), '99.80 % received, 2 flows lost (network)')
    assert.equal(describeCoverage(bin('10', '10')), '100 % received')
    assert.equal(describeCoverage(bin(null, null)), 'no datagram was expected')
  })

  it('says so when an exporter does not count', () => {
    const losses = [loss('flows', 'network', null)]
    assert.match(describeCoverage(bin('10', '10', { losses })), /100 % received, some exporters/)
  })
})

describe('the sum of bins', () => {
  const counters = fc.bigInt({ min: 0n, max: 2n ** 70n })

  it('is exact beyond 2^53', () => {
    fc.assert(
      fc.property(fc.array(counters, { minLength: 1, maxLength: 5 }), (numbers) => {
        const bins = numbers.map((own) =>
          bin(String(own), String(own), {
            losses: [loss('flows', 'network', String(own))],
          }),
        )
        const total = String(numbers.reduce((sum, own) => sum + own, 0n))
        const { expected, received, percent, losses } = sumCoverage(bins)
        assert.deepEqual([expected, received], [total, total])
        assert.equal(percent, total === '0' ? null : 100)
        assert.deepEqual(losses, [loss('flows', 'network', total)])
      }),
    )
  })

  it('keeps causes apart, and is never 100 % with a loss', () => {
    const other = loss('datagrams', 'refused', '5')
    const sum = sumCoverage([LOST, LOST, bin('9000000000', '9000000000', { losses: [other] })])
    assert.deepEqual(sum.losses, [loss('flows', 'network', '4'), other])
    assert.equal(levelOf(sum), 'lost')
  })

  it('of no bins says that nothing was expected', () => {
    assert.equal(describeCoverage(sumCoverage([])), 'no datagram was expected')
  })
})
