/** A compressed file of lines, readable up to the last `flush` even when it is cut. */

import { type FileHandle, open } from 'node:fs/promises'
import { type Codec, type Compression, createCompressor } from './codec.ts'

export class CompressedFile {
  readonly #handle: FileHandle
  readonly #codec: Codec | undefined
  #fileBytes = 0

  private constructor(handle: FileHandle, codec: Codec | undefined) {
    this.#handle = handle
    this.#codec = codec
  }

  /** Creates a file. @throws the system's error, EEXIST where there is one already */
  static async create(path: string, compression: Compression): Promise<CompressedFile> {
    return new CompressedFile(await open(path, 'wx'), createCompressor(compression))
  }

  /** Bytes on the disk. */
  get fileBytes(): number {
    return this.#fileBytes
  }

  /** Appends whole lines; the caller may reuse their bytes. @throws the system's error */
  async write(lines: Buffer): Promise<void> {
    if (!this.#codec) return this.#append(lines)
    await this.#codec.push(lines)
    await this.#appendOutput()
  }

  /** Writes all lines to the file, at the cost of some compression. */
  async flush(): Promise<void> {
    await this.#codec?.flush()
    await this.#appendOutput()
  }

  /** Ends and closes the file. @throws the system's error; the file is closed nevertheless */
  async close(): Promise<void> {
    try {
      await this.#codec?.end()
      await this.#appendOutput()
    } finally {
      this.#codec?.close()
      await this.#handle.close()
    }
  }

  async #appendOutput(): Promise<void> {
    for (const chunk of this.#codec?.take() ?? []) await this.#append(chunk)
  }

  async #append(bytes: Buffer): Promise<void> {
    let at = 0
    while (at < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at)
      at += bytesWritten
      this.#fileBytes += bytesWritten
    }
  }
}
