/** Cuts a stream of chunks into blocks. The beginning of each block tells its length. */

/**
 * Reads the block at `at` if it is whole.
 *
 * @returns its length in bytes; 0 when more bytes are needed
 */
type ReadBlock = (bytes: Buffer, at: number) => number

export class BlockStream {
  readonly #read: ReadBlock
  #rest: Buffer = Buffer.alloc(0)
  #position = 0

  constructor(read: ReadBlock) {
    this.#read = read
  }

  /** Position of the next block in the stream. */
  get position(): number {
    return this.#position
  }

  /** Bytes of a last block that is not whole. */
  get restBytes(): number {
    return this.#rest.length
  }

  /** Reads the blocks that a chunk completes, and keeps its rest without a copy. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const length = this.#read(bytes, at)
      if (length === 0) break
      at += length
      this.#position += length
    }
    this.#rest = bytes.subarray(at)
  }
}
