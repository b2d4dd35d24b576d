/** Tests which gaps get rows of their own, and that sums stay exact. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GapRows, MAX_GAP_ROWS_PER_HOUR } from '../../../writer/streams/gap-rows.ts'

const KEY = { exporter: '192.0.2.1', exportVersion: 9, observationDomain: 7 }
const HOUR_MICROS = 3_600_000_000
const NOON_MICROS = 1_784_998_800_000_000

/** Adds gaps of one unit each; returns the number of rows. */
function add(rows: GapRows, count: number, claim = 1, detectedAtMicros = NOON_MICROS): number {
  const gap = { expected: 5, received: 6, lost: 1, unit: 'flows', claim, detectedAtMs: 0 } as const
  const all = Array.from({ length: count }, () => rows.add(gap, detectedAtMicros))
  return all.filter((row) => row !== undefined).length
}

describe('the rows of the gaps of a stream', () => {
  it('are limited an hour; the others are merged', () => {
    const rows = new GapRows(KEY)
    assert.equal(add(rows, 250), MAX_GAP_ROWS_PER_HOUR)
    const { merged } = rows.takeMerged()
    assert.deepEqual(
      merged.map(({ detectedAtMicros, lost, merged: gaps }) => [detectedAtMicros, lost, gaps]),
      [[NOON_MICROS, 150, 150]],
    )
    assert.deepEqual(rows.takeMerged(), { merged: [], retracted: [] })
    assert.equal(add(rows, 150, 1, NOON_MICROS + HOUR_MICROS), MAX_GAP_ROWS_PER_HOUR)
  })

  it('do not begin anew when the clock is set back', () => {
    const rows = new GapRows(KEY)
    add(rows, 100)
    assert.equal(add(rows, 10, 1, NOON_MICROS - HOUR_MICROS), 0)
  })

  it('stay limited after a restart of the writer', () => {
    const rows = new GapRows(KEY)
    add(rows, 90)
    const restored = new GapRows(KEY)
    restored.restore(JSON.parse(JSON.stringify(rows.toState())))
    assert.equal(add(restored, 20), 10)
  })

  it('are taken back by their claim, also the merged ones, and after a restart', () => {
    const rows = new GapRows(KEY)
    add(rows, 120, 1)
    add(rows, 30, 2)
    rows.takeMerged()
    const restored = new GapRows(KEY)
    restored.restore(JSON.parse(JSON.stringify(rows.toState())))
    assert.deepEqual(restored.retract(2), { ...KEY, claim: 2 })
    const [retracted, ...others] = restored.takeMerged().retracted
    assert.deepEqual([retracted?.lost, retracted?.merged, others], [30, 30, []])
    restored.settle(1)
    restored.retract(1)
    assert.deepEqual(restored.takeMerged().retracted, [])
  })
})
