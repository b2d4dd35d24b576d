/** Tests the clock skew: the median of receive time minus export time. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClockSkew } from '../../../writer/streams/clock-skew.ts'
import { NOON_MS } from '../sequence/numbered-exporter.ts'

describe('the clock skew', () => {
  it('is unknown before the first message', () => {
    assert.equal(new ClockSkew().medianMs(), null)
  })

  it('is the median, which a few delayed messages do not move', () => {
    const skew = new ClockSkew()
    for (const delayMs of [100, 90, 110, 60_000, 95]) {
      skew.observe(NOON_MS + delayMs, NOON_MS)
    }
    assert.equal(skew.medianMs(), 100)
  })

  it('is the mean of the two middle samples when their number is even', () => {
    const skew = new ClockSkew()
    for (const delayMs of [10, 20, 40, 90]) skew.observe(NOON_MS, NOON_MS - delayMs)
    assert.equal(skew.medianMs(), 30)
  })

  it('is negative when the clock of the exporter is ahead, even by hours', () => {
    const skew = new ClockSkew()
    skew.observe(NOON_MS, NOON_MS + 7 * 3_600_000)
    assert.equal(skew.medianMs(), -7 * 3_600_000)
  })

  it('covers five minutes, however fast the messages arrive', () => {
    const skew = new ClockSkew()
    const send = (seconds: number, skewMs: number) => {
      for (let index = 0; index < seconds * 100; index += 1) {
        nowMs += 10
        skew.observe(nowMs, nowMs - skewMs)
      }
    }
    let nowMs = NOON_MS
    send(400, 1_000)
    send(100, 5_000)
    assert.equal(skew.medianMs(), 1_000)
    send(100, 5_000)
    assert.equal(skew.medianMs(), 5_000)
  })

  it('forgets what is older than five minutes', () => {
    const skew = new ClockSkew()
    for (let index = 0; index < 20; index += 1) skew.observe(NOON_MS, NOON_MS - 9_000)
    skew.observe(NOON_MS + 301_000, NOON_MS + 300_900)
    assert.equal(skew.medianMs(), 100)
  })

  it('is still measured after the clock of the writer was set back', () => {
    const skew = new ClockSkew()
    for (let index = 0; index < 64; index += 1) skew.observe(NOON_MS + index * 5_000, NOON_MS)
    const backMs = NOON_MS - 3_600_000
    for (let index = 0; index < 64; index += 1) {
      skew.observe(backMs + index * 5_000, backMs + index * 5_000 - 70)
    }
    assert.equal(skew.medianMs(), 70)
  })
})
