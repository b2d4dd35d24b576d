/**
 * Checksums of a segment, one for each whole block. They have a file of their own, because the
 * kernel moves the bytes from the pipe into the segment without passing them through this process.
 *
 *     sums := sum*     sum := CRC-32 of 4,096 bytes, unsigned 32 bit, little endian
 */

import { closeSync, constants, readFileSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { openPrivateFile } from './private-file.ts'

const SUM_BYTES = 4
/** Bytes that `seal` reads at a time. */
const SEAL_BYTES = 131_072
/** Sums of one write, for 256 KiB: a write for each read of the journal was 3 % of all work. */
const WRITTEN_SUMS = 64

export class BlockSums {
  /** A flipped bit costs the lines of one block: two of full datagrams. */
  static readonly BLOCK_BYTES = 4_096

  readonly #fd: number
  #sums: Uint32Array<ArrayBuffer>
  #count: number
  /** Sums that are in the file. */
  #written: number

  private constructor(fd: number, sums: Uint32Array<ArrayBuffer>) {
    this.#fd = fd
    this.#sums = sums
    this.#count = sums.length
    this.#written = sums.length
  }

  /** Creates checksums that grow with their segment, and are written to `path`. */
  static create(path: string): BlockSums {
    const { O_WRONLY, O_CREAT, O_TRUNC } = constants
    const fd = openPrivateFile(path, O_WRONLY | O_CREAT | O_TRUNC)
    return new BlockSums(fd, new Uint32Array(0))
  }

  /** Reads the checksums in `path`; without a file there are none. */
  static read(path: string): BlockSums {
    return new BlockSums(-1, readSums(path))
  }

  /** Bytes from the start that have a checksum; the file may lack the last sums for now. */
  get sealedBytes(): number {
    return this.#count * BlockSums.BLOCK_BYTES
  }

  /**
   * Compares bytes with their checksums; whole blocks without a checksum get one.
   *
   * @param bytes of the segment at `offset`, where a block begins
   * @returns bytes before the first bad block
   */
  check(bytes: Buffer, offset: number): number {
    const block = BlockSums.BLOCK_BYTES
    let index = offset / block
    for (let at = 0; at + block <= bytes.length; at += block, index++) {
      const sum = crc32(bytes.subarray(at, at + block))
      if (index < this.#count) {
        if (this.#sums[index] !== sum) return at
      } else if (this.#fd >= 0 && index === this.#count) {
        this.#add(sum)
      }
    }
    if (this.#count - this.#written >= WRITTEN_SUMS) this.#write()
    return bytes.length
  }

  /** Adds the checksums that the whole blocks of a file of `size` bytes lack. */
  seal(fileFd: number, size: number): void {
    if (this.#fd < 0) return
    const whole = size - (size % BlockSums.BLOCK_BYTES)
    while (this.sealedBytes < whole) {
      const from = this.sealedBytes
      const bytes = Buffer.allocUnsafe(Math.min(SEAL_BYTES, whole - from))
      const length = readFully(fileFd, bytes, from)
      this.check(bytes.subarray(0, length), from)
      if (length < bytes.length) break
    }
    this.#write()
  }

  #add(sum: number): void {
    if (this.#count === this.#sums.length) {
      const larger = new Uint32Array(Math.max(1_024, this.#count * 2))
      larger.set(this.#sums)
      this.#sums = larger
    }
    this.#sums[this.#count] = sum
    this.#count += 1
  }

  #write(): void {
    const fresh = this.#sums.subarray(this.#written, this.#count)
    const bytes = Buffer.allocUnsafe(fresh.length * SUM_BYTES)
    fresh.forEach((sum, index) => {
      bytes.writeUInt32LE(sum, index * SUM_BYTES)
    })
    try {
      const length = writeSync(this.#fd, bytes, 0, bytes.length, this.#written * SUM_BYTES)
      if (length === bytes.length) this.#written = this.#count
    } catch {
      // The disk is full, and the segment reports that; the next write tries these sums again.
    }
  }

  /** Writes the remaining sums and closes the file. */
  close(): void {
    if (this.#fd < 0) return
    this.#write()
    closeSync(this.#fd)
  }
}

function readSums(path: string): Uint32Array<ArrayBuffer> {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch {
    return new Uint32Array(0)
  }
  const sums = new Uint32Array(Math.floor(bytes.length / SUM_BYTES))
  for (let index = 0; index < sums.length; index++) {
    sums[index] = bytes.readUInt32LE(index * SUM_BYTES)
  }
  return sums
}

/** Reads until `into` is full or the file ends; returns the count of bytes. */
export function readFully(fd: number, into: Buffer, offset: number): number {
  let length = 0
  while (length < into.length) {
    const count = readSync(fd, into, length, into.length - length, offset + length)
    if (count === 0) break
    length += count
  }
  return length
}
