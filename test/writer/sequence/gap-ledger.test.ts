/** Tests the limits of the gap ledger, and what becomes of holes around a restart. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GapLedger, NO_GAPS } from '../../../writer/sequence/gap-ledger.ts'
import { ANY_UNIT } from '../../../writer/sequence/sequence-hole.ts'

const NO_DOUBT = { dissenting: 0, favoured: 0, isPending: false }
const START = { nowMs: 1_000, count: 1 }
const FILLING = { start: 0, units: 1, slack: 0, dissenting: 0 }
const CERTAIN = { favoured: 0, intervalMs: 0 }

/** A ledger with holes of ten numbers each: 0 to 10, 100 to 110, 200 to 210, … */
function ledgerWith(holes: number): GapLedger {
  const ledger = new GapLedger('flows')
  for (let index = 0; index < holes; index += 1) {
    ledger.open({ from: index * 100, to: index * 100 + 10 }, START, NO_DOUBT)
  }
  return ledger
}

function lostOf(ledger: GapLedger): number {
  return ledger.takeGaps().reduce((sum, { lost }) => sum + lost, 0)
}

describe('the gap ledger', () => {
  it('declares the oldest hole when there are too many', () => {
    const ledger = ledgerWith(129)
    assert.deepEqual(ledger.takeGaps(), [
      { expected: 0, received: 10, lost: 10, unit: 'flows', detectedAtMs: 1_000 },
    ])
    assert.equal(ledger.takeGaps(), NO_GAPS)
    assert.equal(ledger.isMissing(5), false)
    assert.equal(ledger.isMissing(105), true)
  })

  it('forgets the rest of a hole when the filling message has unknown records', () => {
    const ledger = ledgerWith(1)
    assert.equal(ledger.fill({ ...FILLING, start: 4, units: undefined }), true)
    assert.deepEqual(
      [3, 4, 9].map((sequence) => ledger.isMissing(sequence)),
      [true, false, false],
    )
    assert.equal(ledger.forgetHole(3), true)
    assert.equal(ledger.hasNews, false)
    assert.equal(ledger.fill({ ...FILLING, start: 3 }), false)
    assert.equal(ledger.forgetHole(3), false)
  })

  it('reopens the holes that a guessed restart has set aside', () => {
    const ledger = ledgerWith(1)
    ledger.setAside()
    ledger.open({ from: 500, to: 510 }, { nowMs: 1_000, count: 3 }, NO_DOUBT)
    ledger.takeBack(2)
    assert.deepEqual(
      [5, 505].map((sequence) => ledger.isMissing(sequence)),
      [true, false],
    )
    assert.deepEqual(ledger.takeGaps(), NO_GAPS)
  })

  it('keeps a hole that a favoured unit does not see, even after a restart', () => {
    const ledger = new GapLedger('records')
    ledger.open({ from: 0, to: 10 }, START, { ...NO_DOUBT, dissenting: 0b10, favoured: 0b10 })
    ledger.setAside()
    ledger.declareExpired({ nowMs: 9_000, count: 99 }, { ...CERTAIN, favoured: 0b10 })
    assert.deepEqual(ledger.takeGaps(), NO_GAPS)
    ledger.declareExpired({ nowMs: 9_000, count: 99 }, CERTAIN)
    assert.equal(lostOf(ledger), 10)
  })

  it('restores its holes as doubtful, with the datagrams since they were opened', () => {
    const ledger = ledgerWith(2)
    const stored = ledger.toArray(31)
    assert.deepEqual(stored, [
      [0, 10, 1_000, 30],
      [100, 110, 1_000, 30],
    ])
    const restored = new GapLedger('flows')
    restored.restore(stored)
    restored.declareExpired({ nowMs: 1_000, count: 2 }, { ...CERTAIN, favoured: ANY_UNIT })
    assert.equal(lostOf(restored), 0)
    restored.declareExpired({ nowMs: 1_000, count: 1 }, CERTAIN)
    assert.equal(lostOf(restored), 0)
    restored.declareExpired({ nowMs: 1_000, count: 2 }, CERTAIN)
    assert.equal(lostOf(restored), 20)
  })
})
