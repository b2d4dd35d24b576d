/** Moving, zooming and widening of ranges. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDuration, parseTime } from '../../../../console/query/times.ts'
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

  it('is shown without what is zero, and read in UTC', () => {
    assert.equal(toInput('2026-11-28T12:00:00.000Z'), '2026-11-28 12:00:00')
    assert.equal(fromInput(' 2026-11-28  12:00:30.25 '), '2026-11-28T12:00:30.25Z')
  })

  it('may be the beginning of a time, or how long ago, which the server reads in UTC', () => {
    const clock = { nowMs: Date.parse('2026-11-28T12:30:00Z'), zone: 'UTC' }
    for (const [text, time] of [
      ['2026-11-28 12:00', '2026-11-28T12:00:00.000Z'],
      ['2026-11-28', '2026-11-28T00:00:00.000Z'],
      ['2h', '2026-11-28T10:30:00.000Z'],
    ] as const) {
      const ms = parseTime(fromInput(text), clock) ?? Number.NaN
      assert.equal(new Date(ms).toISOString(), time, text)
    }
    assert.equal(fromInput(''), '')
  })
})
