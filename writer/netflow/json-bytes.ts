/**
 * JSON text in bytes, as it goes into a row. A record with three extra fields took 1.3 times as long
 * with a string for each of them and one for all (bench `codec`).
 */

const FIRST_BYTES = 1_024
/** A character is at most 3 bytes of UTF-8. */
const MAX_CHARACTER_BYTES = 3
/** Up to this length a loop is faster than the call that encodes. */
const SHORT_TEXT = 40
const MAX_SMALL = 0x7fff_ffff
const MAX_DIGITS = 10
const ZERO = 0x30
const HEX_DIGITS = Uint8Array.from(Buffer.from('0123456789abcdef'))

/** Grows as needed, and keeps its buffer when it is cleared. */
export class JsonBytes {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  length = 0

  clear(): void {
    this.length = 0
  }

  /** Makes room for more bytes. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  putByte(byte: number): void {
    this.reserve(1)
    this.bytes[this.length++] = byte
  }

  putBytes(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    const target = this.bytes
    let at = this.length
    for (let index = 0; index < bytes.length; index++) target[at++] = bytes[index] as number
    this.length = at
  }

  putText(text: string): void {
    this.reserve(text.length * MAX_CHARACTER_BYTES)
    if (text.length <= SHORT_TEXT && this.#putAscii(text)) return
    this.length += this.bytes.write(text, this.length)
  }

  /** Returns false, and writes nothing, if the text has other characters. */
  #putAscii(text: string): boolean {
    const target = this.bytes
    let at = this.length
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return false
      target[at++] = code
    }
    this.length = at
    return true
  }

  /** Writes an unsigned integer. A small one is divided into digits, the lowest first. */
  putUint(value: number): void {
    if (value > MAX_SMALL) {
      this.putText(String(value))
      return
    }
    this.reserve(MAX_DIGITS)
    const target = this.bytes
    let rest = value | 0
    let at = this.length + countDigits(rest)
    this.length = at
    do {
      const tenth = (rest / 10) | 0
      target[--at] = ZERO + rest - tenth * 10
      rest = tenth
    } while (rest > 0)
  }

  /** Writes bytes in hex. */
  putHex(source: Uint8Array, offset: number, length: number): void {
    this.reserve(length * 2)
    const target = this.bytes
    let at = this.length
    for (let index = offset; index < offset + length; index++) {
      const byte = source[index] as number
      target[at++] = HEX_DIGITS[byte >> 4] as number
      target[at++] = HEX_DIGITS[byte & 15] as number
    }
    this.length = at
  }

  toString(): string {
    return this.bytes.toString('utf8', 0, this.length)
  }
}

function countDigits(value: number): number {
  let digits = 1
  for (let limit = 10; digits < MAX_DIGITS && value >= limit; limit *= 10) digits++
  return digits
}
