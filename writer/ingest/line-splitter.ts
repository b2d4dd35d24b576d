/** Splits the pipe's bytes into lines, wherever the chunks are cut, and counts positions. */

/** More than the longest line of a collector (87,400 bytes), with room for whitespace. */
export const MAX_LINE_BYTES = 256 * 1024

const NEWLINE = 10

/** Receives the bytes of a line without its newline; they are valid during the call. */
type LineSink = (bytes: Buffer, start: number, end: number) => void

interface LineSplitterOptions {
  readonly onLine: LineSink
  /** Called at the end of a line beyond `MAX_LINE_BYTES`, which was skipped. */
  readonly onOversized: () => void
}

export class LineSplitter {
  readonly #options: LineSplitterOptions
  readonly #rest = Buffer.allocUnsafe(MAX_LINE_BYTES)
  #restLength = 0
  #skipping = false
  #isOversized = false
  #position: number

  /** @param position of the first byte in the stream */
  constructor(position: number, options: LineSplitterOptions) {
    this.#position = position
    this.#options = options
  }

  /** Position after the newline of the last line: everything before it is dealt with. */
  get position(): number {
    return this.#position
  }

  /** Splits the next bytes of the stream; they may be reused afterwards. */
  push(chunk: Buffer): void {
    let start = 0
    let end = chunk.indexOf(NEWLINE)
    while (end >= 0) {
      this.#endLine(chunk, start, end)
      start = end + 1
      end = chunk.indexOf(NEWLINE, start)
    }
    if (start < chunk.length) this.#keep(chunk, start, chunk.length)
  }

  /** Skips `count` bytes that cannot be read, with the lines that they are a part of. */
  skip(count: number): void {
    this.#position += this.#restLength + count
    this.#restLength = 0
    this.#skipping = true
  }

  #endLine(chunk: Buffer, start: number, end: number): void {
    if (this.#restLength === 0 && !this.#skipping) {
      this.#position += end - start + 1
      if (end > start) this.#options.onLine(chunk, start, end)
      return
    }
    this.#keep(chunk, start, end)
    const length = this.#restLength
    this.#position += 1 + length
    this.#restLength = 0
    if (!this.#skipping) this.#options.onLine(this.#rest, 0, length)
    else if (this.#isOversized) this.#options.onOversized()
    this.#skipping = false
    this.#isOversized = false
  }

  #keep(chunk: Buffer, start: number, end: number): void {
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
    chunk.copy(this.#rest, this.#restLength, start, end)
    this.#restLength += length
  }
}
