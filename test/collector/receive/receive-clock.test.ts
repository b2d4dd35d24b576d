/**
 * The receive clock: within the wall clock's millisecond, with the fraction of the steady clock.
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { ReceiveClock } from '../../../collector/receive/receive-clock.ts'

it('the time is within the millisecond of the wall clock, whatever either clock does', () => {
  const step = fc.double({ min: -10_000, max: 10_000, noNaN: true })
  const forward = fc.double({ min: 0, max: 10_000, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(step, forward)), (steps) => {
      let wall = 1_700_000_000_000
      let steady = 0
      const clock = new ReceiveClock({ wallMs: () => Math.floor(wall), steadyMs: () => steady })
      for (const [wallStep, steadyStep] of steps) {
        wall += wallStep
        steady += steadyStep
        const time = clock.now()
        assert.ok(time >= Math.floor(wall) && time < Math.floor(wall) + 1, `${time} for ${wall}`)
      }
    }),
  )
})

it('a few calls find the fraction of the millisecond', () => {
  let steady = 0
  const epoch = 1_700_000_000_000.4
  const clock = new ReceiveClock({
    wallMs: () => Math.floor(epoch + steady),
    steadyMs: () => steady,
  })
  for (steady = 0; steady < 5; steady += 0.01) clock.now()
  assert.ok(Math.abs(clock.now() - (epoch + steady)) < 0.05)
})

it('with the real clocks, the time is the present', () => {
  const before = Date.now()
  const time = new ReceiveClock().now()
  assert.ok(time >= before && time < Date.now() + 1)
})
