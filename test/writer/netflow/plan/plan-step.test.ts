/** The list of slots fits the bits that mark the slots in use. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MAX_SLOT_COUNT,
  SLOT,
  SLOT_COUNT,
  SLOT_MAX,
} from '../../../../writer/netflow/plan/plan-step.ts'

describe('the slots of a record reader', () => {
  it('fit the bits of `slotsPresent`', () => {
    assert.ok(
      SLOT_COUNT <= MAX_SLOT_COUNT,
      `SLOT lists ${SLOT_COUNT} slots, but RecordReader.slotsPresent has bits for ` +
        `${MAX_SLOT_COUNT}: add a second word of bits to RecordReader before you add a slot`,
    )
  })

  it('have the numbers from 0 on without a gap, and a largest value each', () => {
    const numbers = Array.from({ length: SLOT_COUNT }, (_, index) => index)
    assert.deepEqual(Object.values(SLOT), numbers)
    assert.equal(SLOT_MAX.length, SLOT_COUNT)
  })
})
