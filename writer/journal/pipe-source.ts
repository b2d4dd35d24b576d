/**
 * The writer's end of the named pipe: creates it when it is missing, survives restarts of the
 * collector, and moves its bytes into a file.
 */

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { constants as osConstants } from 'node:os'
import { dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import type { Libc } from '../../shared/libc.ts'
import { type Logger, START_LEVEL } from '../../shared/logger.ts'
import type { ReadableWatch } from '../../shared/readable-watch.ts'

/** The largest pipe without privileges (fs.pipe-max-size): the collector's leeway. */
const PIPE_BYTES = 1_048_576
/** The size of a pipe that nobody has widened. */
const USUAL_PIPE_BYTES = 65_536
const CHUNK_BYTES = 65_536
const LOCK_ATTEMPTS = 5
const LOCK_RETRY_MS = 20

/** The path cannot be used as a named pipe; the message says what to do. */
export class PipeError extends Error {
  readonly code = 'NO_PIPE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PipeError'
  }
}

export class PipeSource {
  /** Bytes that the pipe holds at most. */
  readonly capacity: number
  readonly #fd: number
  #libc: Libc | undefined
  #watch: ReadableWatch | undefined
  #onBytes = () => {}
  /** Bytes read but not written, as the disk was full; used where the kernel cannot move bytes. */
  #pending: Buffer = Buffer.alloc(0)
  #chunk: Buffer | undefined

  private constructor(fd: number, libc: Libc | undefined) {
    this.#fd = fd
    this.#libc = libc
    const bytes = libc?.setPipeBytes(fd, PIPE_BYTES) ?? 0
    this.capacity = bytes > 0 ? bytes : USUAL_PIPE_BYTES
  }

  /**
   * Opens the pipe and creates it when it is missing (mode 0660).
   *
   * @throws PipeError when the path is something else, cannot be opened, or has another reader
   */
  static open(path: string, libc: Libc | undefined, logger: Logger): PipeSource {
    ensurePipe(path, logger)
    let fd: number
    try {
      // Opened for writing, too: no end of file when the collector ends, and the kernel keeps the bytes.
      fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    } catch (error) {
      throw new PipeError(`${path} cannot be opened for reading and writing`, error)
    }
    // Two readers would tear lines apart.
    if (!libc || lockPatiently(libc, fd)) return new PipeSource(fd, libc)
    closeSync(fd)
    throw new PipeError(
      `another writer is reading ${path}: stop it, or give this one its own NAMED_PIPE_FILENAME`,
    )
  }

  /** Whether a killed process loses nothing between pipe and file. */
  get isAtomic(): boolean {
    return this.#libc !== undefined
  }

  /** Whether bytes wait in the pipe; false where the kernel cannot be asked. */
  get hasBytes(): boolean {
    return (this.#libc?.unreadBytes(this.#fd) ?? 0) > 0
  }

  /** Whether a path's file is this pipe. */
  isAt(found: Stats): boolean {
    const own = fstatSync(this.#fd)
    return own.ino === found.ino && own.dev === found.dev
  }

  /**
   * Moves the pipe's content to the end of a file.
   *
   * @returns the count of bytes; 0 when the pipe is empty
   * @throws the system's error (`code` ENOSPC on a full disk); nothing is lost then
   */
  moveTo(fileFd: number, maxBytes: number): number {
    if (!this.#libc) return this.#copyTo(fileFd, maxBytes)
    const moved = this.#libc.movePipeToFile(this.#fd, fileFd, maxBytes)
    if (moved >= 0) return moved
    if (moved === -osConstants.errno.EINVAL) {
      // The journal's file system does not support it.
      this.#libc = undefined
      return this.#copyTo(fileFd, maxBytes)
    }
    const code = getSystemErrorName(moved)
    throw Object.assign(new Error(`${code}: moving bytes from the pipe to the journal failed`), {
      code,
    })
  }

  /**
   * Calls `onBytes` as long as bytes wait in the pipe. The calls do not come from Node, see
   * `watchReadable`.
   *
   * @returns false where the kernel cannot be asked: then look again after a while
   */
  awaitBytes(onBytes: () => void): boolean {
    if (!this.#libc) return false
    this.#onBytes = onBytes
    this.#watch ??= this.#libc.watchReadable(this.#fd, () => this.#onBytes())
    this.#watch.start()
    return true
  }

  /** Ends the calls of `awaitBytes`. */
  stopWaiting(): void {
    this.#watch?.stop()
  }

  #copyTo(fileFd: number, maxBytes: number): number {
    if (this.#pending.length === 0) {
      this.#chunk ??= Buffer.allocUnsafeSlow(CHUNK_BYTES)
      const length = readAvailable(this.#fd, this.#chunk, Math.min(maxBytes, CHUNK_BYTES))
      this.#pending = this.#chunk.subarray(0, length)
    }
    if (this.#pending.length === 0) return 0
    const room = Math.min(this.#pending.length, maxBytes)
    const written = writeSync(fileFd, this.#pending, 0, room)
    this.#pending = this.#pending.subarray(written)
    return written
  }

  /** Closes the pipe; the kernel keeps its bytes while the collector has it open. */
  close(): void {
    this.#watch?.close()
    closeSync(this.#fd)
  }
}

/** A collector that stops takes the lock for an instant, to find out whether a writer runs. */
function lockPatiently(libc: Libc, fd: number): boolean {
  for (let attempt = 1; attempt < LOCK_ATTEMPTS; attempt++) {
    if (libc.lockFile(fd)) return true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_RETRY_MS)
  }
  return libc.lockFile(fd)
}

function readAvailable(fd: number, into: Buffer, maxBytes: number): number {
  try {
    return readSync(fd, into, 0, maxBytes, null)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw error
  }
}

/**
 * Creates the named pipe when it is missing (mode 0660).
 *
 * @throws PipeError when the path is something else, or cannot be created
 */
export function ensurePipe(path: string, logger: Logger): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFIFO()) return
  if (found) {
    throw new PipeError(
      `${path} exists and is no named pipe: move it away, or set NAMED_PIPE_FILENAME to another path`,
    )
  }
  try {
    mkdirSync(dirname(path), { recursive: true })
    execFileSync('mkfifo', ['-m', '660', '--', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isFIFO()) return
    throw new PipeError(`the named pipe ${path} cannot be created`, error)
  }
  logger[START_LEVEL]({ path }, 'created the named pipe')
}
