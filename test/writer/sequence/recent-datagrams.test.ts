/** Tests that payloads have equal fingerprints exactly when they are equal. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fingerprintPayload } from '../../../writer/sequence/recent-datagrams.ts'

function fingerprint({ buffer, byteOffset, byteLength }: Uint8Array): number {
  return fingerprintPayload(new DataView(buffer, byteOffset), byteLength)
}

describe('a fingerprint', () => {
  it('is the same for the same bytes at every offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 9 }), (bytes, offset) => {
        const moved = new Uint8Array(bytes.length + offset + 3).fill(0xee)
        moved.set(bytes, offset)
        const view = moved.subarray(offset, offset + bytes.length)
        assert.equal(fingerprint(view), fingerprint(bytes))
      }),
    )
  })

  it('is an unsigned 32-bit integer', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const made = fingerprint(bytes)
        assert.equal(made, made >>> 0)
      }),
    )
  })

  it('differs for each changed bit of a full datagram', () => {
    const bytes = Uint8Array.from({ length: 1_464 }, (_, index) => (index * 37) & 0xff)
    const seen = new Set([fingerprint(bytes)])
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const at = bit >> 3
      const before = bytes[at] ?? 0
      bytes[at] = before ^ (1 << (bit & 7))
      seen.add(fingerprint(bytes))
      bytes[at] = before
    }
    // 11,713 random 32-bit numbers have 0.016 equal pairs on average: one pair is tolerated.
    assert.ok(seen.size >= 1_464 * 8)
  })

  it('differs for zeros of different lengths', () => {
    const seen = new Set(
      Array.from({ length: 500 }, (_, length) => fingerprint(new Uint8Array(length))),
    )
    assert.equal(seen.size, 500)
  })
})
