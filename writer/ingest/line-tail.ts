/**
 * Reads the end of a line, after its payload, in the one shape that collectors write. A JSON parser,
 * which takes ten times as long, reads every other shape.
 */

const QUOTE = 0x22
const COMMA = 0x2c
const POINT = 0x2e
const BACKSLASH = 0x5c
const SPACE = 0x20
const TILDE = 0x7e
const ZERO = 0x30
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

const MAX_FRACTION_DIGITS = 6
/** More digits than a time or a port has. */
const MAX_DIGITS = 12

export class LineTail {
  receivedAtMicros = 0
  address = ''
  port = 0
  #at = 0

  /**
   * Reads the bytes from `start`, after the quote that ends the payload, up to `end`.
   *
   *     tail = ', ' seconds ['.' fraction] ', ["' address '", ' port ']]'
   *
   * @returns false for another shape; the fields mean nothing then
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    let at = start
    if (bytes[at] !== COMMA || bytes[at + 1] !== SPACE) return false
    const seconds = this.#readInteger(bytes, at + 2)
    at = this.#at
    let micros = 0
    if (bytes[at] === POINT) {
      const fraction = this.#readDigits(bytes, at + 1)
      const digits = this.#at - at - 1
      if (digits > MAX_FRACTION_DIGITS) return false
      micros = fraction * 10 ** (MAX_FRACTION_DIGITS - digits)
      at = this.#at
    }
    if (bytes[at] !== COMMA || bytes[at + 1] !== SPACE) return false
    if (bytes[at + 2] !== OPEN_BRACKET || bytes[at + 3] !== QUOTE) return false
    const addressEnd = findQuote(bytes, at + 4, end)
    if (bytes[addressEnd + 1] !== COMMA || bytes[addressEnd + 2] !== SPACE) return false
    const port = this.#readInteger(bytes, addressEnd + 3)
    const isEnd = bytes[this.#at] === CLOSE_BRACKET && bytes[this.#at + 1] === CLOSE_BRACKET
    if (!isEnd || this.#at + 2 !== end || !(seconds >= 0 && micros >= 0 && port >= 0)) return false
    this.receivedAtMicros = seconds * 1_000_000 + micros
    this.address = bytes.toString('latin1', at + 4, addressEnd)
    this.port = port
    return true
  }

  /** Like `#readDigits`; NaN when the first of several digits is 0, as in JSON. */
  #readInteger(bytes: Buffer, start: number): number {
    const value = this.#readDigits(bytes, start)
    return bytes[start] === ZERO && this.#at > start + 1 ? Number.NaN : value
  }

  /** Reads digits as a number and moves `#at` after them; NaN when there are none. */
  #readDigits(bytes: Buffer, start: number): number {
    let at = start
    let value = 0
    let digit = (bytes[at] as number) - ZERO
    while (digit >= 0 && digit <= 9 && at - start < MAX_DIGITS) {
      value = value * 10 + digit
      at++
      digit = (bytes[at] as number) - ZERO
    }
    this.#at = at
    return at > start ? value : Number.NaN
  }
}

/** Finds the quote after plain text; returns `end` for any other text. */
function findQuote(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end) {
    const byte = bytes[at] as number
    if (byte === QUOTE) return at
    if (byte === BACKSLASH || byte < SPACE || byte > TILDE) return end
    at++
  }
  return end
}
