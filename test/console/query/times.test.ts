import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatTime, isZone, parseDuration, parseTime } from '../../../console/query/times.ts'

const NOW = Date.parse('2026-11-28T12:30:00Z')
const utc = { nowMs: NOW, zone: 'UTC' }
const zurich = { nowMs: NOW, zone: 'Europe/Zurich' }

function iso(text: string, clock = utc): string | undefined {
  const ms = parseTime(text, clock)
  return ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z')
}

describe('times', () => {
  it('may say how long ago', () => {
    assert.equal(iso('1h'), '2026-11-28T11:30:00Z')
    assert.equal(iso('-15m'), '2026-11-28T12:15:00Z')
    assert.equal(iso('1h30m'), '2026-11-28T11:00:00Z')
    assert.equal(iso('2w'), '2026-11-14T12:30:00Z')
    assert.equal(iso('now'), '2026-11-28T12:30:00Z')
    assert.equal(parseDuration('0s'), undefined)
  })

  it('may be days of a zone', () => {
    assert.equal(iso('today'), '2026-11-28T00:00:00Z')
    assert.equal(iso('today', zurich), '2026-11-27T23:00:00Z')
    assert.equal(iso('yesterday', zurich), '2026-11-26T23:00:00Z')
    assert.equal(iso('2026-07-01', zurich), '2026-06-30T22:00:00Z')
    assert.equal(iso('12:00', zurich), '2026-11-28T11:00:00Z')
    assert.equal(iso('2026-11-28 12:00:30.5', zurich), '2026-11-28T11:00:30.500Z')
  })

  it('are read across a change of the clocks', () => {
    assert.equal(iso('2026-03-29 01:59', zurich), '2026-03-29T00:59:00Z')
    assert.equal(iso('2026-03-29 03:00', zurich), '2026-03-29T01:00:00Z')
    assert.equal(iso('2026-10-25 04:00', zurich), '2026-10-25T03:00:00Z')
  })

  it('may be RFC 3339', () => {
    assert.equal(iso('2026-11-28T12:00:00Z', zurich), '2026-11-28T12:00:00Z')
    assert.equal(iso('2026-11-28T12:00:00+05:30'), '2026-11-28T06:30:00Z')
    assert.equal(iso('2026-11-28t12:00:00.25-08:00'), '2026-11-28T20:00:00.250Z')
  })

  it('are refused when they are none', () => {
    for (const text of [
      '',
      'soon',
      '1',
      '1y',
      '2026-02-31',
      '2026-13-01',
      '25:00',
      '12',
      '1h ago',
    ]) {
      assert.equal(iso(text), undefined, text)
    }
    assert.equal(isZone('Europe/Nowhere'), false)
  })

  it('are shown in a zone', () => {
    assert.equal(formatTime(NOW + 7, 'Europe/Zurich', 3), '2026-11-28 13:30:00.007')
    assert.equal(formatTime(-1, 'UTC', 3), '1969-12-31 23:59:59.999')
    assert.equal(formatTime(NOW, 'UTC'), '2026-11-28 12:30:00')
  })
})
