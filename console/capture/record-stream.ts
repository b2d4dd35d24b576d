/** Cuts a stream of chunks into records of known length. */

/**
 * Reads the record at `at` if it is whole.
 *
 * @returns its length in bytes; 0 when more bytes are needed
 */
export type ReadRecord = (bytes: Buffer, at: number) => number

export class RecordStream {
  readonly #read: ReadRecord
  #rest: Buffer = Buffer.alloc(0)
  #position = 0

  constructor(read: ReadRecord) {
    this.#read = read
  }

  /** Position of the next record in the stream. */
  get position(): number {
    return this.#position
  }

  /** Bytes of the last record, which is not whole. */
  get restBytes(): number {
    return this.#rest.length
  }

  /** Reads the records that `chunk` completes; keeps the rest of it, without a copy. */
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
