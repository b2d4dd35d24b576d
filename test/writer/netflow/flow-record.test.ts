/** The list of a flow record's fields fits the bits and arrays that are made from it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  FIELD,
  FIELD_COUNT,
  FIELD_MAX,
  FlowRecord,
  MAX_FIELD_COUNT,
} from '../../../writer/netflow/flow-record.ts'

describe('the fields of a flow record', () => {
  it('fit the bits of `present`', () => {
    assert.ok(
      FIELD_COUNT <= MAX_FIELD_COUNT,
      `FIELD lists ${FIELD_COUNT} fields, but FlowRecord.present has bits for ${MAX_FIELD_COUNT}: ` +
        'add a second word of bits to FlowRecord, and to Plan.totals, before you add a field',
    )
  })

  it('have the numbers from 0 on without a gap, addresses first', () => {
    assert.deepEqual(
      Object.values(FIELD),
      Array.from({ length: FIELD_COUNT }, (_, index) => index),
    )
    assert.deepEqual([FIELD.srcAddr, FIELD.dstAddr, FIELD.nextHop], [0, 1, 2])
  })

  it('each have a bit, a value and a largest value of their own', () => {
    const record = new FlowRecord()
    assert.deepEqual([record.values.length, FIELD_MAX.length], [FIELD_COUNT, FIELD_COUNT])
    for (const field of Object.values(FIELD)) {
      record.clear()
      record.set(field, 1)
      const present = Object.values(FIELD).filter((other) => record.has(other))
      assert.deepEqual(present, [field])
      assert.ok(record.present > 0, 'the bit is not the sign bit')
    }
  })
})
