/** Splits the pipe's bytes into lines, wherever chunks are cut, and counts positions. */

/** More than the longest line of a collector (87,400 bytes), with room for whitespace. */
export const MAX_LINE_BYTES = 256 * 1024

const NEWLINE = 10

const NO_BYTES = Buffer.alloc(0)

export class LineSplitter {
  /** The last line lies at `start`…`end` of these bytes, which are valid until the next call. */
  bytes: Buffer = NO_BYTES
  start = 0
  end = 0
  #chunk: Buffer = NO_BYTES
  /** The first byte of the chunk that no line has had. */
  #at = 0
  readonly #rest = Buffer.allocUnsafe(MAX_LINE_BYTES)
  #restLength = 0
  #skipping = false
  #isOversized = false
  #position: number

  /** @param position of the first byte in the stream */
  constructor(position: number) {
    this.#position = position
  }

  /** Position after the newline of the last line: everything before it was returned or skipped. */
  get position(): number {
    return this.#position
  }

  /** Brings the next bytes of the stream; they may be reused once `next` has returned undefined. */
  push(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  /**
   * Finds the next line that is not empty, without its newline.
   *
   * @returns `oversized`: the end of a line beyond `MAX_LINE_BYTES`, which was skipped; undefined: the
   *   next bytes are needed
   */
  next(): 'line' | 'oversized' | undefined {
    const chunk = this.#chunk
    let start = this.#at
    let end = chunk.indexOf(NEWLINE, start)
    while (end >= 0) {
      this.#at = end + 1
      const kind = this.#endLine(start, end)
      if (kind !== undefined) return kind
      start = end + 1
      end = chunk.indexOf(NEWLINE, start)
    }
    if (start < chunk.length) this.#keep(start, chunk.length)
    this.push(NO_BYTES)
    return undefined
  }

  /** Skips `count` bytes that cannot be read, with the lines that they are a part of. */
  skip(count: number): void {
    this.#position += this.#restLength + count
    this.#restLength = 0
    this.#skipping = true
  }

  /** Returns undefined for an empty line, and for the end of one that is skipped. */
  #endLine(start: number, end: number): 'line' | 'oversized' | undefined {
    if (this.#restLength === 0 && !this.#skipping) {
      this.#position += end - start + 1
      this.bytes = this.#chunk
      this.start = start
      this.end = end
      return end > start ? 'line' : undefined
    }
    this.#keep(start, end)
    this.bytes = this.#rest
    this.start = 0
    this.end = this.#restLength
    this.#position += 1 + this.#restLength
    this.#restLength = 0
    const kind = this.#skipping ? undefined : 'line'
    const isOversized = this.#isOversized
    this.#skipping = false
    this.#isOversized = false
    return isOversized ? 'oversized' : kind
  }

  #keep(start: number, end: number): void {
    const length = end - start
    if (!this.#skipping && this.#restLength + length > MAX_LINE_BYTES) {
      this.#skipping = true
      this.#isOversized = true
      this.#position += this.#restLength
      this.#restLength = 0
    }
    if (this.#skipping) {
      this.#position += length
      return
    }
    this.#chunk.copy(this.#rest, this.#restLength, start, end)
    this.#restLength += length
  }
}
