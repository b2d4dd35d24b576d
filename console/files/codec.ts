/** Compresses and expands streams of bytes: gzip always, zstd where Node.js has it. */

import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'

export type Compression = 'none' | 'gzip' | 'zstd'

/** Missing before Node.js 22.15 and 23.8. */
const { createZstdCompress, createZstdDecompress } = zlib as Partial<typeof zlib>

export const HAS_ZSTD = createZstdCompress !== undefined && createZstdDecompress !== undefined

/** A higher level hardly makes base64 smaller, and takes several times as long. */
const GZIP_LEVEL = 3

const GZIP_MAGIC = 0x1f8b
const ZSTD_MAGIC = 0x28b52ffd

/** Returns how a file that begins with these bytes is compressed. */
export function detectCompression(head: Buffer): Compression {
  if (head.length >= 2 && head.readUInt16BE(0) === GZIP_MAGIC) return 'gzip'
  return head.length >= 4 && head.readUInt32BE(0) === ZSTD_MAGIC ? 'zstd' : 'none'
}

/** @returns undefined for `none`, and for zstd where this Node.js lacks it */
export function createCompressor(compression: Compression): Codec | undefined {
  if (compression === 'gzip') return new Codec(zlib.createGzip({ level: GZIP_LEVEL }))
  return compression === 'zstd' && createZstdCompress ? new Codec(createZstdCompress()) : undefined
}

/** @returns undefined for `none`, and for zstd where this Node.js lacks it */
export function createExpander(compression: Compression): Codec | undefined {
  if (compression === 'gzip') return new Codec(zlib.createGunzip())
  return compression === 'zstd' && createZstdDecompress
    ? new Codec(createZstdDecompress())
    : undefined
}

/** A transformation in steps: a failure loses no output of earlier steps. */
export class Codec {
  readonly #stream: Transform
  readonly #output: Buffer[] = []
  readonly #failed: Promise<never>
  readonly #ended: Promise<void>

  constructor(stream: Transform) {
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => this.#output.push(chunk))
    this.#ended = new Promise((resolve) => stream.once('end', resolve))
    this.#failed = new Promise((_, reject) => stream.once('error', reject))
    // Those who wait get the error; without a waiter it must not be unhandled.
    this.#failed.catch(() => {})
  }

  /** Transforms the next bytes. @throws the error of zlib when they are damaged */
  async push(chunk: Buffer): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#stream.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
    await Promise.race([written, this.#failed])
  }

  /** Brings all bytes so far into the output, which costs some compression. */
  async flush(): Promise<void> {
    const stream = this.#stream as Transform & { flush?: (done: () => void) => void }
    if (!stream.flush) return
    await Promise.race([new Promise<void>((resolve) => stream.flush?.(resolve)), this.#failed])
  }

  /** Ends the stream. @throws the error of zlib when bytes are missing */
  async end(): Promise<void> {
    this.#stream.end()
    await Promise.race([this.#ended, this.#failed])
  }

  /** Returns the output since the last call. */
  take(): Buffer[] {
    return this.#output.splice(0)
  }

  close(): void {
    this.#stream.destroy()
  }
}
