/**
 * Follows the journal's files beside the writer, without ever delaying it. A segment stays open until
 * it is read, although the writer may delete it. Bytes that were not read in time are counted.
 *
 *     <first position, 16 digits>.lines   bytes of the pipe; the next segment begins where it ends
 */

import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

const SEGMENT = /^(\d{16})\.lines$/
const READ_BYTES = 1_048_576

interface OpenSegment {
  start: number
  readonly fd: number
  readonly inode: number
}

/** The journal cannot be followed; the message says what to do. */
export class TapError extends Error {
  readonly code = 'NO_JOURNAL'
}

/** Bytes of the journal. */
interface TapRead {
  readonly bytes: Buffer
  /** Bytes before these that were not read in time. */
  readonly missedBytes: number
}

export class JournalTap {
  readonly #folder: string
  readonly #maxHeldBytes: number
  /** By position. */
  readonly #segments: OpenSegment[] = []
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  #position = 0
  #missedBytes = 0
  /** The newest segment seen in the folder; the writer never deletes it. */
  #newest = -1

  /** @param maxHeldBytes of unread bytes in open segments; the oldest beyond it are given up */
  constructor(folder: string, maxHeldBytes: number) {
    this.#folder = folder
    this.#maxHeldBytes = maxHeldBytes
  }

  /**
   * Opens the present segments, and begins at their first byte or after their last.
   *
   * @throws TapError when the folder holds no journal, or cannot be read
   */
  open(from: 'start' | 'end'): void {
    this.look()
    const first = this.#segments[0]
    const last = this.#segments.at(-1)
    if (!first || !last) {
      throw new TapError(
        `JOURNAL_DIR ${this.#folder} holds no journal: start the writer first, or name its folder by --journal`,
      )
    }
    this.#position = from === 'start' ? first.start : endOf(last)
    if (from === 'end') this.#dropBefore(last)
  }

  /** Position of the next byte to read. */
  get position(): number {
    return this.#position
  }

  /** Position after the last byte in the files. */
  get end(): number {
    const last = this.#segments.at(-1)
    return last ? endOf(last) : this.#position
  }

  /** Opens new segments. Call it often: a segment that is deleted before is missed. */
  look(): void {
    const starts = this.#list()
    const newest = Math.max(-1, ...starts)
    if (newest < this.#newest) {
      throw new TapError(
        `another journal is in ${this.#folder}, or none: start the recording again`,
      )
    }
    this.#newest = newest
    for (const start of starts) {
      const known = this.#segments.find((segment) => segment.start === start)
      if (!known) this.#adopt(start)
    }
    this.#segments.sort((a, b) => a.start - b.start)
    while (this.#segments.length > 1 && this.end - this.#position > this.#maxHeldBytes) {
      const next = this.#segments[1] as OpenSegment
      this.#missedBytes += next.start - this.#position
      this.#position = next.start
      this.#dropBefore(next)
    }
  }

  #list(): number[] {
    try {
      return readdirSync(this.#folder).flatMap((name) => {
        const digits = SEGMENT.exec(name)?.[1]
        return digits === undefined ? [] : [Number(digits)]
      })
    } catch (error) {
      throw new TapError(
        `JOURNAL_DIR ${this.#folder} cannot be read: name the journal of the writer by --journal, and ` +
          'run as its user',
        { cause: error },
      )
    }
  }

  #adopt(start: number): void {
    const path = join(this.#folder, `${String(start).padStart(16, '0')}.lines`)
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch (error) {
      // Deleted since it was listed: its bytes are counted as missed later.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw new TapError(`${path} cannot be read: run as the user of the writer`, { cause: error })
    }
    const { ino: inode } = fstatSync(fd)
    const renamed = this.#segments.find((segment) => segment.inode === inode)
    if (renamed) {
      // The writer has renamed it, because the journal had lost bytes before it.
      if (this.#position >= renamed.start) this.#position += start - renamed.start
      renamed.start = start
    }
    // It was read to its end, or it belongs to another journal that has replaced this one.
    const isOld = start + fstatSync(fd).size < this.#position
    if (renamed || isOld) closeSync(fd)
    else this.#segments.push({ start, fd, inode })
  }

  /** Reads the next bytes; undefined at the end. They are valid until the next call. */
  read(): TapRead | undefined {
    for (;;) {
      const segment = this.#segments[0]
      if (!segment) return undefined
      const next = this.#segments[1]
      const missed = Math.max(0, segment.start - this.#position)
      this.#position += missed
      this.#missedBytes += missed
      const offset = this.#position - segment.start
      const length = readSync(segment.fd, this.#buffer, 0, READ_BYTES, offset)
      if (length > 0) {
        this.#position += length
        const missedBytes = this.#missedBytes
        this.#missedBytes = 0
        return { bytes: this.#buffer.subarray(0, length), missedBytes }
      }
      // A later segment exists, so nothing more is appended to this one.
      if (!next) return undefined
      this.#dropBefore(next)
    }
  }

  #dropBefore(segment: OpenSegment): void {
    while (this.#segments[0] && this.#segments[0] !== segment) {
      closeSync((this.#segments.shift() as OpenSegment).fd)
    }
  }

  /** Closes the files. May be called twice. */
  close(): void {
    for (const { fd } of this.#segments.splice(0)) closeSync(fd)
  }
}

function endOf({ start, fd }: OpenSegment): number {
  return start + fstatSync(fd).size
}
