import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cutTo,
  groupByTime,
  hullOf,
  joinNearest,
  levelsOf,
  separateOverlaps,
} from '../../../../../console/web/senders/stats/pieces.ts'
import type { Pair } from '../../../../../console/web/senders/stats/stats-request.ts'

const MINUTE = 60_000
const span = (sinceMs: number, untilMs: number) => ({ sinceMs, untilMs })

function pairAt(sinceMs: number, untilMs: number): Pair {
  return { range: span(sinceMs, untilMs) } as Pair
}

describe('pieces of time', () => {
  it('group the pairs of a time, the earliest first; a time that clocks skip is empty', () => {
    const [late, early, also] = [pairAt(10, 20), pairAt(0, 10), pairAt(10, 20)]
    assert.deepEqual(groupByTime([late, early, also, pairAt(5, 5)]), [
      { ...span(0, 10), pairs: [early] },
      { ...span(10, 20), pairs: [late, also] },
    ])
  })

  it('are cut to spans', () => {
    const pairs = [pairAt(0, 0)]
    const pieces = [
      { ...span(0, 10), pairs },
      { ...span(10, 30), pairs },
    ]
    const cut = cutTo(pieces, [span(-5, 2), span(8, 12), span(28, 40), span(50, 60)])
    const ranges = cut.map(({ sinceMs, untilMs }) => [sinceMs, untilMs])
    assert.deepEqual(ranges, [
      [0, 2],
      [8, 10],
      [10, 12],
      [28, 30],
    ])
  })

  it('that overlap are cut where one begins or ends', () => {
    const [a, b] = [[pairAt(0, 10)], [pairAt(5, 15)]]
    const pieces = [
      { ...span(5, 15), pairs: b },
      { ...span(0, 10), pairs: a },
    ]
    assert.deepEqual(separateOverlaps(pieces), [
      { ...span(0, 5), pairs: a },
      { ...span(5, 10), pairs: [...b, ...a] },
      { ...span(10, 15), pairs: b },
    ])
  })

  it('are joined over the smallest gaps, until few enough are left', () => {
    const spans = [span(0, 1), span(2, 3), span(10, 11), span(14, 15)]
    assert.deepEqual(joinNearest(spans, 4), spans)
    assert.deepEqual(joinNearest(spans, 3), [span(0, 3), span(10, 11), span(14, 15)])
    assert.deepEqual(joinNearest(spans, 2), [span(0, 3), span(10, 15)])
    assert.deepEqual(joinNearest(spans, 1), [span(0, 15)])
    assert.deepEqual(hullOf(spans), span(0, 15))
  })

  it('have the levels whose buckets each of them is made of', () => {
    assert.deepEqual(levelsOf([span(0, 120 * MINUTE)]), [0, 1])
    assert.deepEqual(levelsOf([span(0, 120 * MINUTE), span(MINUTE, 60 * MINUTE)]), [0])
    assert.deepEqual(levelsOf([span(0, 1_440 * MINUTE)]), [0, 1, 2])
    assert.deepEqual(levelsOf([span(0, 1)]), [])
  })
})
