/** Moving, zooming and widening of ranges. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDuration } from '../../../../console/query/times.ts'
import {
  fromInput,
  isLive,
  moveRange,
  PRESETS,
  toInput,
  widenRange,
  zoomRange,
} from '../../../../console/web/page/time-range.ts'

const HOUR = { since: '2026-11-28T12:00:00Z', until: '2026-11-28T13:00:00Z' }

const ranges = fc
  .tuple(fc.integer({ min: 0, max: 2e9 }), fc.integer({ min: 10, max: 1e7 }))
  .map(([from, length]) => ({
    since: new Date(from * 1000).toISOString().replace('.000', ''),
    until: new Date((from + length) * 1000).toISOString().replace('.000', ''),
  }))
const lengthOf = ({ since, until }: typeof HOUR) => Date.parse(until) - Date.parse(since)

describe('a range of time', () => {
  it('moves by its own length', () => {
    assert.deepEqual(moveRange(HOUR, -1), { since: '2026-11-28T11:00:00Z', until: HOUR.since })
    assert.deepEqual(moveRange(HOUR, 1), { since: HOUR.until, until: '2026-11-28T14:00:00Z' })
  })

  it('is where it was after moving back', () => {
    fc.assert(
      fc.property(ranges, (range) => assert.deepEqual(moveRange(moveRange(range, 1), -1), range)),
    )
  })

  it('is twice as long around its middle when it is widened', () => {
    assert.deepEqual(widenRange(HOUR), {
      since: '2026-11-28T11:30:00Z',
      until: '2026-11-28T13:30:00Z',
    })
    fc.assert(
      fc.property(ranges, (range) =>
        assert.equal(lengthOf(widenRange(range)), 2 * lengthOf(range)),
      ),
    )
  })

  it('zooms to whole bins that hold all that was marked', () => {
    const begin = Date.parse(HOUR.since) / 1000
    assert.deepEqual(zoomRange(begin + 65, begin + 130, 60), {
      since: '2026-11-28T12:01:00Z',
      until: '2026-11-28T12:03:00Z',
    })
    const marks = fc.tuple(
      fc.double({ min: 0, max: 2e9, noNaN: true }),
      fc.integer({ max: 1e5, min: 1 }),
    )
    fc.assert(
      fc.property(marks, fc.constantFrom(1, 10, 60, 300, 3_600), ([from, length], step) => {
        const { since, until } = zoomRange(from, from + length, step)
        const [first, last] = [Date.parse(since) / 1000, Date.parse(until) / 1000]
        assert.ok(first <= from && from + length <= last)
        assert.equal(first % step, 0)
        assert.ok(last - first >= 10, 'shorter than any bin')
      }),
    )
  })

  it('moves with the clock only without an end', () => {
    assert.equal(isLive({ since: '1h', until: '' }), true)
    assert.equal(isLive(HOUR), false)
  })

  for (const [since, name] of PRESETS) {
    it(`of the last ${name} is a duration that the server reads`, () => {
      assert.notEqual(parseDuration(since), undefined)
    })
  }
})

describe('a time in an input', () => {
  it('is as it was', () => {
    fc.assert(fc.property(ranges, ({ since }) => assert.equal(fromInput(toInput(since)), since)))
  })

  it('has seconds where browsers leave out zeros, and is empty when nothing is entered', () => {
    assert.equal(fromInput('2026-11-28T12:00'), '2026-11-28T12:00:00Z')
    assert.equal(fromInput('2026-11-28T12:00:30.000'), '2026-11-28T12:00:30Z')
    assert.equal(fromInput(''), '')
  })
})
