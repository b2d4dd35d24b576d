/** The collector's end of the named pipe, which the writer creates. No call here blocks. */

import { closeSync, constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Libc } from '../../shared/libc.ts'
import { announceCollector } from '../../shared/pipe-turns.ts'

/** The path names a file that is not a named pipe; `code` is `NOT_A_PIPE`. */
export class NotAPipeError extends Error {
  readonly code = 'NOT_A_PIPE'

  constructor(path: string) {
    super(
      `${path} exists and is not a named pipe: remove it (the writer creates the pipe), or set ` +
        'NAMED_PIPE_FILENAME to another path',
    )
    this.name = 'NotAPipeError'
  }
}

/**
 * Finds which named pipe is at `path`.
 *
 * @returns its identity; undefined where nothing is at the path
 * @throws NotAPipeError, or the system's error when the path cannot be examined.
 */
export function identifyPipe(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return undefined
  if (!stats.isFIFO()) throw new NotAPipeError(path)
  return `${stats.dev}:${stats.ino}`
}

/** Above the default limit of a pipe's size (`fs.pipe-max-size`, 1 MiB). */
const TAKE_BACK_BYTES = 2_097_152

/** An open pipe. No other pipe has its identity while it is open, even after its removal. */
export class NamedPipe {
  readonly identity: string
  readonly #fd: number
  readonly #socket: Socket

  private constructor(fd: number, identity: string) {
    this.#fd = fd
    this.identity = identity
    // The socket owns the descriptor from now on, and never reads from it.
    this.#socket = new Socket({ fd, readable: false, writable: true })
    // The callback of the write in flight gets the same error.
    this.#socket.on('error', () => {})
  }

  /**
   * Opens the pipe for reading as well, so that it always has a reader: a restart of the writer
   * causes no EPIPE, and the kernel keeps the content.
   *
   * @throws NotAPipeError, or the system's error when it cannot be opened.
   */
  static open(path: string): NamedPipe {
    // Checked before: opening a device can have effects.
    if (identifyPipe(path) === undefined) {
      throw Object.assign(new Error(`${path} does not exist`), { code: 'ENOENT' })
    }
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    const stats = fstatSync(fd)
    if (stats.isFIFO()) return new NamedPipe(fd, `${stats.dev}:${stats.ino}`)
    closeSync(fd)
    throw new NotAPipeError(path)
  }

  /**
   * Announces this collector to other programs that write lines.
   *
   * @returns false while one of them is in the middle of a write
   */
  announce(libc: Libc): boolean {
    return announceCollector(libc, this.#fd)
  }

  /**
   * Writes as many bytes as the kernel takes at once.
   *
   * @returns their count; 0 when the pipe is full
   */
  write(buffer: Buffer, start: number, end: number): number {
    try {
      return writeSync(this.#fd, buffer, start, end - start)
    } catch (error) {
      if (isNotReady(error)) return 0
      throw error
    }
  }

  /** Writes all of `bytes` as the pipe gets room; the caller keeps them unchanged until `done`. */
  writeWhenWritable(bytes: Buffer, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done)
  }

  /** Counts the bytes that nobody has read. */
  countUnread(libc: Libc): number {
    return Math.max(0, libc.unreadBytes(this.#fd))
  }

  /**
   * Whether a writer has the pipe open, and hence the kernel keeps the content: a writer locks it.
   */
  hasReader(libc: Libc): boolean {
    return libc.isLocked(this.#fd)
  }

  /** Reads back the bytes that no reader has read; only for a pipe that was removed. */
  takeBack(): Buffer {
    const buffer = Buffer.allocUnsafeSlow(TAKE_BACK_BYTES)
    let size = 0
    try {
      let count = 0
      do {
        count = readSync(this.#fd, buffer, size, buffer.length - size, null)
        size += count
      } while (count > 0 && size < buffer.length)
    } catch (error) {
      if (!isNotReady(error)) throw error
    }
    return Buffer.from(buffer.subarray(0, size))
  }

  /**
   * Closes the pipe; the kernel keeps its content while a writer has it open. May be called twice.
   */
  close(): void {
    this.#socket.destroy()
  }
}

/** Whether a write has found the pipe full, or a read has found it empty. */
function isNotReady(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN'
}
