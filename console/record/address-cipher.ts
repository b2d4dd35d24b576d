/**
 * Replaces addresses so that common prefixes stay common: two addresses that share exactly their first n
 * bits do so afterwards, too. The same key replaces them in the same way again.
 *
 * The scheme of Xu, Fan, Ammar and Moon (2002): bit i of the result is bit i of the address, flipped
 * by a pseudo-random function of the i bits before it.
 */

import { type Cipheriv, createCipheriv, createHash } from 'node:crypto'

const BLOCK_BYTES = 16
const MAX_CACHED = 100_000

export class AddressCipher {
  readonly #aes: Cipheriv
  readonly #pad: Buffer
  readonly #cache = new Map<string, Buffer>()

  /** @param key any text or bytes; equal keys give equal results */
  constructor(key: string | Buffer) {
    const hash = createHash('sha512').update(key).digest()
    // ECB enciphers each block on its own: a pseudo-random function of 16 bytes.
    this.#aes = createCipheriv('aes-128-ecb', hash.subarray(0, 16), null).setAutoPadding(false)
    this.#pad = this.#aes.update(hash.subarray(16, 32))
  }

  /** Replaces an address of 4 or 16 bytes. The address 0 stays, as it means none. */
  replace(address: Buffer): Buffer {
    const key = address.toString('latin1')
    const known = this.#cache.get(key)
    if (known !== undefined) return known
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear()
    const replaced = isZero(address) ? Buffer.from(address) : this.#replaceNonzero(address)
    this.#cache.set(key, replaced)
    return replaced
  }

  /** Returns pseudo-random bytes of a value's length, which depend on its kind and on the value. */
  scramble(kind: string, value: Buffer): Buffer {
    const seed = createHash('sha256').update(this.#pad).update(kind).update('\0').update(value)
    const first = seed.digest().subarray(0, BLOCK_BYTES)
    const blocks: Buffer[] = []
    for (let index = 0; index * BLOCK_BYTES < value.length; index++) {
      const block = Buffer.from(first)
      block.writeUInt32BE((block.readUInt32BE(0) ^ index) >>> 0, 0)
      blocks.push(this.#aes.update(block))
    }
    return Buffer.concat(blocks).subarray(0, value.length)
  }

  #replaceNonzero(address: Buffer): Buffer {
    const replaced = this.#encipher(address)
    // Only 0 may become 0. An address that would become 0 gets the result that 0 would have got.
    return isZero(replaced) ? this.#encipher(replaced) : replaced
  }

  #encipher(address: Buffer): Buffer {
    const bits = address.length * 8
    const blocks = Buffer.alloc(bits * BLOCK_BYTES)
    // Block i: the first i bits of the address, then those of the pad.
    for (let bit = 0; bit < bits; bit++) {
      const at = bit * BLOCK_BYTES
      const whole = bit >>> 3
      this.#pad.copy(blocks, at)
      address.copy(blocks, at, 0, whole)
      const mask = (0xff00 >>> (bit & 7)) & 0xff
      const own = (address[whole] as number) & mask
      const padded = (this.#pad[whole] as number) & ~mask & 0xff
      blocks[at + whole] = own | padded
    }
    // IPv4 and IPv6 get different functions.
    for (let bit = 0; bit < bits; bit++) {
      const last = bit * BLOCK_BYTES + BLOCK_BYTES - 1
      if (address.length === 4) blocks[last] = (blocks[last] as number) ^ 0xff
    }
    const flips = this.#aes.update(blocks)
    const result = Buffer.from(address)
    for (let bit = 0; bit < bits; bit++) {
      const flip = (flips[bit * BLOCK_BYTES] as number) >>> 7
      const at = bit >>> 3
      result[at] = (result[at] as number) ^ (flip << (7 - (bit & 7)))
    }
    return result
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}
