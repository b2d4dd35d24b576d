import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cadence } from '../../../writer/sequence/cadence.ts'

describe('the longest recent interval', () => {
  it('is unknown before the second datagram', () => {
    const cadence = new Cadence()
    assert.deepEqual([cadence.heardAtMs, cadence.intervalMs], [undefined, undefined])
    cadence.note(5_000)
    assert.deepEqual([cadence.heardAtMs, cadence.intervalMs], [5_000, undefined])
  })

  it('grows at once, and shrinks by a twentieth of the difference with each datagram', () => {
    const cadence = new Cadence()
    const intervals = [0, 100, 110, 310].map((receivedAtMs) => {
      cadence.note(receivedAtMs)
      return cadence.intervalMs
    })
    assert.deepEqual(intervals, [undefined, 100, 95.5, 200])
  })
})
