/**
 * One file of the journal: bytes of the pipe as they came, and beside it a checksum for each block of
 * them. It knows its first position in the stream, and nothing of lines.
 *
 *     <first position, 16 digits>.lines   bytes of the pipe
 *     <first position, 16 digits>.crc     their checksums
 */

import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { BlockSums, readFully } from './block-sums.ts'

const LINES = '.lines'
const SUMS = '.crc'
const NAME = /^(\d{16})\.lines$/

/** Gives the first position of the segment that a file's name stands for. */
export function parseSegmentName(fileName: string): number | undefined {
  const digits = NAME.exec(fileName)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** What was found where a segment was read. */
export interface SegmentRead {
  /** Good bytes, only valid until the next read; empty when there are none. */
  readonly bytes: Buffer
  /** When there are no good bytes: how many bad ones follow. */
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

  /** Finds a segment of before; throws the system's error. */
  static find(folder: string, start: number): Segment {
    const segment = new Segment(folder, start, 0)
    segment.#size = statSync(segment.#path(LINES)).size
    return segment
  }

  /** Makes an empty segment, or takes one that nobody has used; throws the system's error. */
  static create(folder: string, start: number): Segment {
    const segment = new Segment(folder, start, 0)
    const path = segment.#path(LINES)
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644)
    segment.#fd = fd
    try {
      if (fstatSync(fd).size > 0) throw new Error(`${path} has appeared from somewhere`)
      segment.#sums = BlockSums.open(segment.#path(SUMS), true)
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

  /** Position behind its last byte. */
  get end(): number {
    return this.#start + this.#size
  }

  /** Lets `move` put bytes at the end of the file, and gives their count; only before `close`. */
  append(move: (fd: number) => number): number {
    const moved = move(this.#openFile())
    this.#size += moved
    return moved
  }

  /**
   * Reads and checks what stands at `offset`, which is before its end; throws the system's error.
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

  get isSyncing(): boolean {
    return this.#isSyncing
  }

  /** Has what was written brought to the disk. */
  sync(done: (error: Error | null) => void): void {
    this.#isSyncing = true
    fdatasync(this.#openFile(), (error) => {
      this.#isSyncing = false
      if (this.#closeWhenSynced) this.close()
      done(error)
    })
  }

  /** The same, and waits; throws the system's error. */
  syncNow(): void {
    fdatasyncSync(this.#openFile())
  }

  /** Gives it another first position; throws the system's error. */
  rename(start: number): void {
    const from = [this.#path(SUMS), this.#path(LINES)] as const
    this.#start = start
    const to = [this.#path(SUMS), this.#path(LINES)] as const
    from.forEach((path, index) => {
      renameSync(path, to[index] as string)
    })
  }

  /** Closes its files; they are opened again when it is read. */
  close(): void {
    this.#closeWhenSynced = this.#isSyncing
    if (this.#isSyncing) return
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#sums?.close()
    this.#sums = undefined
  }

  /** Deletes its files; throws the system's error. */
  remove(): void {
    this.close()
    for (const suffix of [LINES, SUMS]) rmSync(this.#path(suffix), { force: true })
  }

  #openFile(): number {
    this.#fd ??= openSync(this.#path(LINES), 'r')
    return this.#fd
  }

  #openSums(): BlockSums {
    this.#sums ??= BlockSums.open(this.#path(SUMS), false)
    return this.#sums
  }

  #path(suffix: string): string {
    return join(this.#folder, String(this.#start).padStart(16, '0') + suffix)
  }
}
