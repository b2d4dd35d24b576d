import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { Pacer } from '../../../console/replay/pacer.ts'

/** Returns how long the pacer waits before datagrams of these times, in ms; no time passes. */
function waitsAt(speed: number, ...timesMs: readonly number[]): number[] {
  const clock = mock.method(performance, 'now', () => 5_000)
  const pacer = new Pacer(speed)
  const waits = timesMs.map((ms) => pacer.waitMs(1_700_000_000_000_000 + ms * 1_000))
  clock.mock.restore()
  return waits
}

describe('the distances of datagrams', () => {
  it('are kept, or shortened by the speed', () => {
    assert.deepEqual(waitsAt(1, 0, 10, 4_000), [0, 10, 4_000])
    assert.deepEqual(waitsAt(4, 0, 10, 4_000), [0, 2.5, 1_000])
    assert.deepEqual(waitsAt(0.5, 0, 10, 4_000), [0, 20, 8_000])
  })

  it('are no wait below 2 ms, nor without a speed, nor for a time before the first one', () => {
    assert.deepEqual(waitsAt(1, 0, 1.9, 2, -500), [0, 0, 2, 0])
    assert.deepEqual(waitsAt(0, 0, 10, 4_000), [0, 0, 0])
  })
})
