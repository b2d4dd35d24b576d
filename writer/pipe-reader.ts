/**
 * Reads the named pipe: makes it when it is missing, survives the other side's restarts, and stops
 * reading when it is told to. It does not know what the bytes mean.
 */

import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { Socket, type SocketConstructorOpts } from 'node:net'
import { dirname } from 'node:path'
import type { Logger } from '../shared/logger.ts'

/** As much as a pipe holds: a larger buffer gains nothing. */
const CHUNK_BYTES = 65_536
/** How long the rest of a line is waited for when reading stops in the middle of one. */
const FINISH_LINE_MS = 1_000
/** A collector that stops at the same time has written its last line long before this. */
const QUIET_MS = 100
/** A collector that goes on must not keep the reader from stopping. */
const DRAIN_MS = 2_000

/** The path cannot be used as a named pipe; the message says what to do. */
export class PipeError extends Error {
  readonly code = 'NO_PIPE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PipeError'
  }
}

export interface PipeReaderOptions {
  readonly path: string
  readonly logger: Logger
  /**
   * Takes the next bytes, which are reused afterwards.
   *
   * @returns false to be given no more until `resume`
   */
  readonly onChunk: (chunk: Buffer) => boolean
}

export class PipeReader {
  readonly #options: PipeReaderOptions
  #fd = -1
  #socket: Socket | undefined
  #paused = false
  #stopped = false
  #chunks = 0

  constructor(options: PipeReaderOptions) {
    this.#options = options
  }

  /**
   * Makes the pipe when it is missing (mode 0660) and begins to read it.
   *
   * @throws PipeError when the path is something else or cannot be opened
   */
  start(): void {
    if (this.#socket) return
    const { path, logger } = this.#options
    ensurePipe(path, logger)
    // Read and write: no end of file when the collector goes, and the kernel keeps what is inside.
    try {
      this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    } catch (error) {
      throw new PipeError(`${path} cannot be opened for reading and writing`, error)
    }
    this.#listen(this.#fd)
  }

  #listen(fd: number): void {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    const options: SocketConstructorOpts = {
      fd,
      readable: true,
      writable: false,
      onread: {
        buffer,
        callback: (bytes) => {
          this.#chunks += 1
          this.#paused = !this.#options.onChunk(buffer.subarray(0, bytes)) || this.#stopped
          return !this.#paused
        },
      },
    }
    const socket = new Socket(options)
    socket.on('error', (error) => {
      this.#options.logger.error({ err: error }, 'reading the pipe failed')
    })
    socket.resume()
    this.#socket = socket
  }

  /** Goes on after `onChunk` has returned false. */
  resume(): void {
    if (!this.#paused || this.#stopped) return
    this.#paused = false
    this.#socket?.resume()
  }

  /**
   * Reads on until nothing has come for a while: where both processes stop, the pipe and what is in
   * it are gone afterwards. Time in which `onChunk` wants no more does not count.
   */
  async drain(): Promise<void> {
    let leftMs = DRAIN_MS
    while (leftMs > 0 && this.#socket) {
      const before = this.#chunks
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
      if (this.#paused) continue
      if (this.#chunks === before) return
      leftMs -= QUIET_MS
    }
  }

  /** Stops reading; bytes that nobody has read stay in the pipe for the next reader. */
  pause(): void {
    this.#stopped = true
    this.#paused = true
    this.#socket?.pause()
  }

  /**
   * Reads on, byte by byte, until `isComplete` says so, after `pause`: the pipe keeps what follows
   * the line that is half read.
   */
  async finishLine(isComplete: () => boolean): Promise<void> {
    const byte = Buffer.alloc(1)
    const deadline = performance.now() + FINISH_LINE_MS
    while (!isComplete() && performance.now() < deadline) {
      if (readByte(this.#fd, byte)) this.#options.onChunk(byte)
      else await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Closes the pipe. */
  stop(): void {
    this.pause()
    const socket = this.#socket
    this.#socket = undefined
    if (socket) socket.destroy()
    else if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }
}

function readByte(fd: number, into: Buffer): boolean {
  try {
    return readSync(fd, into, 0, 1, null) === 1
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
    throw error
  }
}

/**
 * Makes the named pipe when it is missing (mode 0660).
 *
 * @throws PipeError when the path is something else, or cannot be made
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
    throw new PipeError(`the named pipe ${path} cannot be made`, error)
  }
  logger.info({ path }, 'made the named pipe')
}
