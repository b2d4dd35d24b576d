/**
 * Fingerprints of payloads: a fast 32-bit hash of the length and the bytes. An attacker can make
 * two payloads with the same fingerprint.
 */

const MIX_A = 0x9e3779b1
const MIX_B = 0x85ebca6b

/**
 * Returns the fingerprint of the first `length` bytes of a view, 0 to 2³² − 1. Equal payloads have
 * equal fingerprints. Two different payloads share one with a chance of 1 in 2³².
 */
export function fingerprintPayload(view: DataView, length: number): number {
  // Two chains, because each multiplication waits for the previous one in its own chain.
  let a = length ^ MIX_A
  let b = length ^ MIX_B
  let offset = 0
  for (; offset + 8 <= length; offset += 8) {
    a = Math.imul(a ^ view.getInt32(offset, true), MIX_A)
    b = Math.imul(b ^ view.getInt32(offset + 4, true), MIX_B)
    // Only the high bits of a product depend on all bits of the word: mix them into the low bits.
    a ^= a >>> 15
    b ^= b >>> 13
  }
  for (; offset < length; offset += 1) a = Math.imul(a ^ view.getUint8(offset), MIX_B)
  a ^= Math.imul(b ^ (b >>> 16), MIX_A)
  a = Math.imul(a ^ (a >>> 15), MIX_B)
  return (a ^ (a >>> 13)) >>> 0
}
