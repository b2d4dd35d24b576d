/** Areas of the chart. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type Area,
  areasOf,
  binSeconds,
  binTimes,
  stack,
  sumRates,
} from '../../../../../console/web/page/chart/stack.ts'

type Reply = Parameters<typeof areasOf>[0]

const row = (key: string | null, name: string, values: (string | null)[]) => ({
  key,
  name,
  values,
  total: '600',
  average: 2,
  max: 5,
  p95: 4,
})

/** Two bins of a minute; the range begins and ends in the middle of a bin. */
const REPLY: Reply = {
  since: '2026-11-28T12:00:30Z',
  until: '2026-11-28T12:01:30Z',
  step: '1m',
  unit: 'bytes',
  scaled: true,
  source: ['raw'],
  columns: ['protocol'],
  t: ['2026-11-28T12:00:00Z', '2026-11-28T12:01:00Z'],
  rows: [row('6', 'TCP', ['300', '600']), row(null, '', [null, '30'])],
  other: row('other', 'other', ['60', '0']),
  coverage: [],
  sql: '',
  command: '',
}

const area = (rates: readonly number[]): Area => ({
  ...{ id: '', name: '', rates, average: 0, max: 0, p95: 0, total: null, isOther: false },
})
const areas = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 20 }))
  .chain(([count, bins]) =>
    fc.array(fc.array(fc.nat(1e9), { minLength: bins, maxLength: bins }).map(area), {
      minLength: count,
      maxLength: count,
    }),
  )

describe('the bins of a reply', () => {
  it('begin at their times, and are as long as they are within the range', () => {
    assert.deepEqual(binTimes(REPLY), [1_795_867_200, 1_795_867_260])
    assert.deepEqual(binSeconds(REPLY), [30, 30])
  })
})

describe('the areas of a reply', () => {
  it('have rates in the unit shown: bits for bytes', () => {
    const shown = areasOf(REPLY)
    assert.deepEqual(
      shown.map(({ rates }) => rates),
      [
        [80, 160],
        [0, 8],
        [16, 0],
      ],
    )
    assert.deepEqual([shown[0]?.average, shown[0]?.max, shown[0]?.p95], [16, 40, 32])
    assert.deepEqual(areasOf({ ...REPLY, unit: 'packets' })[0]?.rates, [10, 20])
  })

  it('have names, and ids for the URL', () => {
    assert.deepEqual(
      areasOf(REPLY).map(({ id, name, isOther }) => [id, name, isOther]),
      [
        ['6', 'TCP', false],
        ['', 'not sent', false],
        ['other', 'other', true],
      ],
    )
  })
})

describe('stacked areas', () => {
  it('end with the sum at the top', () => {
    fc.assert(fc.property(areas, (own) => assert.deepEqual(stack(own)[0], sumRates(own))))
  })

  it('are each as high as their rates', () => {
    fc.assert(
      fc.property(areas, (own) => {
        const edges = stack(own)
        for (const [index, { rates }] of own.entries()) {
          const below = edges[index + 1] ?? rates.map(() => 0)
          assert.deepEqual(
            edges[index]?.map((edge, bin) => edge - (below[bin] ?? 0)),
            rates,
          )
        }
      }),
    )
  })

  it('are none without flows', () => {
    assert.deepEqual(stack([]), [])
    assert.deepEqual(sumRates([]), [])
  })
})
