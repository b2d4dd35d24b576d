/**
 * One segment of the journal: a file with the pipe's bytes as they came, and a file with a checksum
 * for each block. Its name is its first position in the stream.
 *
 *     <first position, 16 digits>.lines   bytes of the pipe
 *     <first position, 16 digits>.crc     their checksums
 */

import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { BlockSums, readFully } from './block-sums.ts'
import { openPrivateFile } from './private-file.ts'

const LINES = '.lines'
const SUMS = '.crc'
const NAME = /^(\d{16})\.lines$/

/** Returns a segment's first position by its file name; undefined for other files. */
export function parseSegmentName(fileName: string): number | undefined {
  const digits = NAME.exec(fileName)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The bytes to append to a segment, such as those in the pipe. */
export interface ByteSource {
  /**
   * Moves up to `maxBytes` to the end of the file.
   *
   * @returns the count of bytes; 0 when there are none
   */
  moveTo(fileFd: number, maxBytes: number): number
}

/** The result of one read. */
export interface SegmentRead {
  /** Good bytes, valid until the next read; empty when there are none. */
  readonly bytes: Buffer
  /** Bad bytes that follow, when there are no good ones. */
  readonly badBytes: number
}

export class Segment {
  readonly #folder: string
  #start: number
  #size: number
  #fd: number | undefined
  #sums: BlockSums | undefined
  #isSyncing = false
  #closeWhenSynced = false

  private constructor(folder: string, start: number, size: number) {
    this.#folder = folder
    this.#start = start
    this.#size = size
  }

  /** Finds a segment of an earlier process; throws the system's error. */
  static find(folder: string, start: number): Segment {
    const segment = new Segment(folder, start, 0)
    segment.#size = statSync(segment.#path(LINES)).size
    return segment
  }

  /** Creates an empty segment, or adopts an unused one; throws the system's error. */
  static create(folder: string, start: number): Segment {
    const segment = new Segment(folder, start, 0)
    const path = segment.#path(LINES)
    const fd = openPrivateFile(path, constants.O_RDWR | constants.O_CREAT)
    segment.#fd = fd
    try {
      if (fstatSync(fd).size > 0) {
        throw Object.assign(new Error(`${path} holds bytes of another process`), { code: 'EEXIST' })
      }
      segment.#sums = BlockSums.create(segment.#path(SUMS))
      return segment
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** Position of its first byte. */
  get start(): number {
    return this.#start
  }

  get size(): number {
    return this.#size
  }

  /** Position after its last byte. */
  get end(): number {
    return this.#start + this.#size
  }

  /** Appends up to `maxBytes`, and returns their count; only before `close`. */
  append(source: ByteSource, maxBytes: number): number {
    const moved = source.moveTo(this.#openFile(), maxBytes)
    this.#size += moved
    return moved
  }

  /**
   * Reads and checks the bytes at `offset`, which is before the end; throws the system's error.
   *
   * @param buffer room for some whole blocks
   */
  read(offset: number, buffer: Buffer): SegmentRead {
    const skipped = offset % BlockSums.BLOCK_BYTES
    const from = offset - skipped
    const wanted = buffer.subarray(0, Math.min(buffer.length, this.#size - from))
    const found = wanted.subarray(0, readFully(this.#openFile(), wanted, from))
    const good = this.#openSums().check(found, from)
    if (good > skipped) return { bytes: found.subarray(skipped, good), badBytes: 0 }
    const badEnd = found.length > skipped ? from + BlockSums.BLOCK_BYTES : this.#size
    return { bytes: found.subarray(0, 0), badBytes: Math.min(badEnd, this.#size) - offset }
  }

  /** Writes the checksums of whole blocks that have none; throws the system's error. */
  seal(): void {
    this.#openSums().seal(this.#openFile(), this.#size)
  }

  /** Bytes at its end that have no checksum. */
  get unsealedBytes(): number {
    return this.#size - this.#openSums().sealedBytes
  }

  /** Whether somebody has deleted the open file: its bytes are there until it is closed. */
  get isDeleted(): boolean {
    return this.#fd !== undefined && fstatSync(this.#fd).nlink === 0
  }

  get isSyncing(): boolean {
    return this.#isSyncing
  }

  /** Brings the file to the disk in the background. */
  sync(done: (error: Error | null) => void): void {
    this.#isSyncing = true
    fdatasync(this.#openFile(), (error) => {
      this.#isSyncing = false
      if (this.#closeWhenSynced) this.close()
      done(error)
    })
  }

  /** Brings the file to the disk and waits; throws the system's error. */
  syncNow(): void {
    fdatasyncSync(this.#openFile())
  }

  /** Renames the files to another first position; throws the system's error. */
  rename(start: number): void {
    const from = [this.#path(SUMS), this.#path(LINES)] as const
    this.#start = start
    const to = [this.#path(SUMS), this.#path(LINES)] as const
    from.forEach((path, index) => {
      renameSync(path, to[index] as string)
    })
  }

  /** Moves the closed files into another folder; throws the system's error. */
  moveTo(folder: string): void {
    for (const suffix of [LINES, SUMS]) {
      const path = this.#path(suffix)
      if (existsSync(path)) renameSync(path, join(folder, basename(path)))
    }
  }

  /** Closes the files; a later read opens them again. */
  close(): void {
    this.#closeWhenSynced = this.#isSyncing
    if (this.#isSyncing) return
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#sums?.close()
    this.#sums = undefined
  }

  /** Deletes the files; throws the system's error. */
  remove(): void {
    this.close()
    for (const suffix of [LINES, SUMS]) rmSync(this.#path(suffix), { force: true })
  }

  #openFile(): number {
    this.#fd ??= openSync(this.#path(LINES), 'r')
    return this.#fd
  }

  #openSums(): BlockSums {
    this.#sums ??= BlockSums.read(this.#path(SUMS))
    return this.#sums
  }

  #path(suffix: string): string {
    return join(this.#folder, String(this.#start).padStart(16, '0') + suffix)
  }
}
