/**
 * One opened named pipe, and the look at what lies at its path. It never blocks, never sees the
 * end of its readers, and never creates the pipe: that is the writer's part.
 */

import { closeSync, constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Libc } from '../../shared/libc.ts'

/** Says that the path names something that is no named pipe; `code` is `NOT_A_PIPE`. */
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
 * Looks up the named pipe at `path`: its identity, or nothing where the path is missing.
 *
 * @throws NotAPipeError, or the system's error when the path cannot be looked at.
 */
export function identifyPipe(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return undefined
  if (!stats.isFIFO()) throw new NotAPipeError(path)
  return `${stats.dev}:${stats.ino}`
}

/** More than a pipe can hold by default limits (`fs.pipe-max-size`, 1 MiB). */
const TAKE_BACK_BYTES = 2_097_152

/** An open pipe. Its identity stays its own for as long as it is open, also when it is removed. */
export class NamedPipe {
  readonly identity: string
  readonly #fd: number
  readonly #socket: Socket

  private constructor(fd: number, identity: string) {
    this.#fd = fd
    this.identity = identity
    // Takes over the descriptor, and never reads from it.
    this.#socket = new Socket({ fd, readable: false, writable: true })
    // The callback of the write in flight tells the same error.
    this.#socket.on('error', () => {})
  }

  /**
   * Opens the pipe for reading, too, so that there is always a reader: a writer that restarts
   * causes no EPIPE, and the kernel keeps what the pipe holds.
   *
   * @throws NotAPipeError, or the system's error when it cannot be opened.
   */
  static open(path: string): NamedPipe {
    // The look comes first: opening a device or a file could do something by itself.
    if (identifyPipe(path) === undefined) throw new Error(`${path} does not exist`)
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    const stats = fstatSync(fd)
    if (stats.isFIFO()) return new NamedPipe(fd, `${stats.dev}:${stats.ino}`)
    closeSync(fd)
    throw new NotAPipeError(path)
  }

  /** Writes what the kernel takes at once and gives the count of bytes, 0 when the pipe is full. */
  write(buffer: Buffer, start: number, end: number): number {
    return unlessFull(() => writeSync(this.#fd, buffer, start, end - start))
  }

  /** Writes all of `bytes` as room comes; they must stay as they are until `done` is called. */
  writeWhenWritable(bytes: Buffer, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done)
  }

  /** Bytes that nobody has read. */
  countUnread(libc: Libc): number {
    return Math.max(0, libc.unreadBytes(this.#fd))
  }

  /** Tells whether a writer has the pipe open, which it locks: then the kernel keeps what is inside. */
  hasReader(libc: Libc): boolean {
    return libc.isLocked(this.#fd)
  }

  /** Takes back what no reader has taken. Only for a pipe that was removed. */
  takeBack(): Buffer {
    const buffer = Buffer.allocUnsafeSlow(TAKE_BACK_BYTES)
    let size = 0
    let count = 0
    do {
      count = unlessFull(() => readSync(this.#fd, buffer, size, buffer.length - size, null))
      size += count
    } while (count > 0 && size < buffer.length)
    return Buffer.from(buffer.subarray(0, size))
  }

  /** Closes the pipe; what it holds stays with the kernel while a writer has it open. May be called twice. */
  close(): void {
    this.#socket.destroy()
  }
}

/** Gives 0 where a write finds the pipe full, or a read finds it empty. */
function unlessFull(transfer: () => number): number {
  try {
    return transfer()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw error
  }
}
