import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Confirmable, confirm } from '../../../../writer/netflow/memory/confirmation.ts'

const SECOND = 1_000_000

/** Returns the seconds between announcements, as observed after each of them. */
function refreshesAt(...seconds: readonly number[]): (number | undefined)[] {
  const entry: Confirmable = { status: 'confirmed', lastSeenMicros: 0, notedMicros: 0 }
  return seconds.map((second) => {
    confirm(entry, second * SECOND)
    return entry.refreshMicros === undefined ? undefined : entry.refreshMicros / SECOND
  })
}

describe('the time between announcements', () => {
  it('is the last one, or the one before where an announcement was lost', () => {
    assert.deepEqual(refreshesAt(60, 120, 240, 300), [60, 60, 60, 60])
  })

  it('follows an exporter that changes it', () => {
    assert.deepEqual(refreshesAt(60, 120, 420, 720), [60, 60, 60, 300])
  })

  it('does not count announcements that belong to one refresh', () => {
    assert.deepEqual(refreshesAt(0.2, 0.9, 60.9), [undefined, undefined, 60])
  })

  it('does not count a step back of the clock', () => {
    assert.deepEqual(refreshesAt(60, 30, 90), [60, 60, 60])
  })
})

describe('the row of an announcement', () => {
  it('is due once in five minutes, also after a step back of the clock', () => {
    const entry: Confirmable = { status: 'confirmed', lastSeenMicros: 0, notedMicros: 0 }
    const due = [299, 300, 599, 600, 301, 300].map((second) => confirm(entry, second * SECOND))
    assert.deepEqual(due, [false, true, false, true, false, true])
  })
})
