/** Tests that the stream clock follows receive times, and no step of the host's clock. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamClock } from '../../../writer/ingest/stream-clock.ts'

const NOON_MS = 1_785_000_000_000
const HOUR_MS = 3_600_000

describe('the stream clock', () => {
  it('begins with the first receive time and follows the others', () => {
    const clock = new StreamClock()
    assert.equal(clock.read(NOON_MS, 0), NOON_MS)
    assert.equal(clock.read(NOON_MS + 60_000, 60_000), NOON_MS + 60_000)
    assert.equal(clock.offsetMs, 0)
  })

  it('follows receive times of lines that are read faster than they came', () => {
    const clock = new StreamClock()
    for (let index = 0; index < 1_000; index += 1) clock.read(NOON_MS + index * 200, 0)
    assert.equal(clock.read(NOON_MS + 200_000, 0), NOON_MS + 200_000)
  })

  for (const stepMs of [HOUR_MS, -HOUR_MS]) {
    it(`hardly moves when the host's clock is set by ${stepMs} ms`, () => {
      const clock = new StreamClock()
      clock.read(NOON_MS, 0)
      const movedMs = clock.read(NOON_MS + 1_000 + stepMs, 1_000) - NOON_MS
      assert.ok(movedMs >= 0 && movedMs <= 1_250, String(movedMs))
      const nowMs = clock.read(NOON_MS + 2_000 + stepMs, 2_000)
      assert.equal(nowMs, NOON_MS + movedMs + 1_000)
      assert.equal(clock.wallMs, NOON_MS + 2_000 + stepMs)
    })
  }

  it('stands still for receive times that are a little out of order', () => {
    const clock = new StreamClock()
    clock.read(NOON_MS, 0)
    assert.equal(clock.read(NOON_MS - 100, 1), NOON_MS)
    assert.equal(clock.read(NOON_MS + 5, 2), NOON_MS + 5)
  })

  it('goes on without lines, but for the time of a pause', () => {
    const clock = new StreamClock()
    clock.read(NOON_MS, 500)
    assert.equal(clock.timeAt(1_500), NOON_MS + 1_000)
    clock.pause(700)
    assert.equal(clock.timeAt(1_500), NOON_MS + 300)
    assert.equal(clock.timeAt(600), NOON_MS)
  })
})
