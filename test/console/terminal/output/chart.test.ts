import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatChart } from '../../../../console/terminal/output/chart.ts'
import { createPaint } from '../../../../console/terminal/output/paint.ts'

const STYLE = { zone: 'UTC', plain: false, width: 80, paint: createPaint(false) }
const RANGE = { since: '2026-11-28T12:00:00Z', until: '2026-11-28T12:05:00Z', stepMs: 60_000 }

/** Returns the lines of a chart with the bytes of each minute. */
function chartOf(bytes: readonly number[], ends = 1): string[] {
  const rows = bytes.map((sum, minute) => ({
    bucket: `2026-11-28 12:0${minute}:00+00`,
    bytes: String(sum),
  }))
  return formatChart(rows, { ...RANGE, ends }, STYLE).split('\n')
}

describe('a chart of traffic', () => {
  it('draws the greatest bin in full, and anything above nothing', () => {
    const lines = chartOf([750_000_000, 0, 375_000_000, 1, 0])
    assert.equal(lines[0], ' 100 Mbit/s █')
    assert.deepEqual(
      lines.slice(1, 6).map((line) => line.slice(12)),
      ['█', '█', '█ █', '█ █', '█ █▁'],
    )
    assert.match(lines[6] ?? '', /^ {12}2026-11-28 12:00 to 2026-11-28 12:05$/)
  })

  it('counts flows that have two ends by half', () => {
    assert.match(chartOf([750_000_000], 2)[0] ?? '', /50\.?0? Mbit\/s/)
  })
})
