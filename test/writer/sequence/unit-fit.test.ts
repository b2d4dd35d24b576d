/** Tests when a unit is proven, when none fits, and when gaps may be declared. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UnitFit } from '../../../writer/sequence/unit-fit.ts'

/** Counts blocks of 64 steps, of which unit 0 explains some, and returns each judgement. */
function judgeBlocks(fit: UnitFit, ...explained: readonly number[]) {
  return explained.map((count) => {
    let judgement: ReturnType<UnitFit['judge']>
    for (let step = 0; step < 64; step += 1) {
      fit.count(step < count ? 0b01 : 0, 1)
      judgement = fit.judge(0)
    }
    return judgement
  })
}

describe('the fit of a unit', () => {
  it('is proven by three quarters of 64 steps', () => {
    assert.deepEqual(judgeBlocks(new UnitFit(2), 47, 48), [undefined, 'proven'])
  })

  it('is none when no unit explains half of 64 steps', () => {
    assert.deepEqual(judgeBlocks(new UnitFit(2), 32, 31), [undefined, 'unfit'])
  })

  it('survives a loss of most messages once it is proven, but not for ever', () => {
    const fit = new UnitFit(2)
    assert.deepEqual(judgeBlocks(fit, 60, 6, 6, 6, 7), ['proven', ...Array(4).fill(undefined)])
    assert.deepEqual(judgeBlocks(fit, 6, 6, 6, 6), [...Array(3).fill(undefined), 'unfit'])
  })

  it('returns with nine tenths of 64 steps after there was none', () => {
    const fit = new UnitFit(2)
    judgeBlocks(fit, 0)
    assert.deepEqual(judgeBlocks(fit, 57, 58), [undefined, 0])
  })

  it('lets gaps wait until something is explained, and then half of it', () => {
    const fit = new UnitFit(1)
    assert.equal(fit.mayDeclare(0, false), false)
    fit.count(0b1, 1)
    assert.equal(fit.mayDeclare(0, false), true)
    for (let step = 0; step < 6; step += 1) fit.count(0, 1)
    assert.equal(fit.mayDeclare(0, false), false)
    assert.equal(fit.mayDeclare(0, true), true)
  })

  it('is restored, and is proven where none was stored', () => {
    const fit = new UnitFit(2)
    for (let step = 0; step < 40; step += 1) fit.count(0, 1)
    const restored = new UnitFit(2)
    restored.restore(JSON.parse(JSON.stringify(fit.toState())))
    assert.deepEqual(restored.toState(), fit.toState())
    const old = new UnitFit(2)
    old.restore(undefined)
    assert.equal(old.isProven, true)
  })
})
