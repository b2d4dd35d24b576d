/** Integers of any width, at the ends of their ranges. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  allocateDatagramBytes,
  readHigh,
  readLow,
  readUint,
  viewDatagramBytes,
} from '../../../../writer/netflow/plan/read-bytes.ts'
import { hex } from '../../../helpers/netflow-bytes.ts'

function read(value: string) {
  const bytes = hex(`aa ${value} bb`)
  const { view } = viewDatagramBytes(bytes)
  const length = bytes.length - 2
  return [readUint(view, 1, length), readHigh(view, 1, length), readLow(view, 1, length)]
}

describe('an unsigned integer', () => {
  it('of no bytes is 0', () => {
    assert.deepEqual(read(''), [0, 0, 0])
  })

  it('of 1 to 4 bytes has no high half', () => {
    assert.deepEqual(read('ff'), [255, 0, 255])
    assert.deepEqual(read('0102'), [0x102, 0, 0x102])
    assert.deepEqual(read('ffffff'), [0xffffff, 0, 0xffffff])
    assert.deepEqual(read('ffffffff'), [0xffffffff, 0, 0xffffffff])
  })

  it('of 5 to 8 bytes has the bits above 32 as its high half', () => {
    assert.deepEqual(read('0100000002'), [2 ** 32 + 2, 1, 2])
    assert.deepEqual(read('ffff 00000003'), [0xffff * 2 ** 32 + 3, 0xffff, 3])
    assert.deepEqual(read('010203 04050607'), [0x01020304050607, 0x010203, 0x04050607])
    assert.deepEqual(read('ffffffff fffffffe'), [2 ** 64, 0xffffffff, 0xfffffffe])
  })

  it('is exact up to 2⁵³', () => {
    assert.equal(read('001fffff ffffffff')[0], Number.MAX_SAFE_INTEGER)
    assert.equal(read('00200000 00000000')[0], 2 ** 53)
  })

  it('of more bytes is the number of the last eight', () => {
    assert.deepEqual(read('ff 00000001 00000002'), [2 ** 32 + 2, 1, 2])
  })
})

it('a view over part of a buffer begins at that part', () => {
  const { view } = viewDatagramBytes(hex('0102030405').subarray(2))
  assert.equal(view.byteLength, 3)
  assert.equal(view.getUint8(0), 3)
})

it('bytes and view of a datagram are the same memory', () => {
  const { bytes, view } = allocateDatagramBytes(16)
  bytes[3] = 7
  assert.equal(view.getUint32(0), 7)
  assert.equal(view.byteLength, 16)
})
