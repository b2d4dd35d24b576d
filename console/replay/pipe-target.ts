/**
 * Writes datagrams into the named pipe like a collector, with their own times and exporters. It also
 * reports like a collector, so that the balance adds up. It stops at once when a collector starts.
 */

import { randomUUID } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Libc, loadLibc } from '../../shared/libc.ts'
import { encodeReportLine } from '../../shared/pipe-line.ts'
import { endTurn, takeTurn } from '../../shared/pipe-turns.ts'
import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import { encodeLine } from '../capture/encode-line.ts'
import type { LineBlock } from '../capture/line-source.ts'
import { ReplayError, type ReplayTarget } from './replay-target.ts'

/** Bytes of one write. A collector that starts waits for its end. */
const WRITE_BYTES = 262_144
const REPORT_LINES = 100_000
const BUSY_MS = 5
/** Another replay holds the pipe this long only while the writer does not read. */
const PATIENCE_MS = 10_000
const EMPTY_POLL_MS = 5
const NEWLINE = 0x0a

interface PipeTargetOptions {
  readonly path: string
  /** Called when the writer has not read for a while. */
  readonly onStall: () => void
}

export class PipeTarget implements ReplayTarget {
  readonly #options: PipeTargetOptions
  readonly #id = `replay-${randomUUID()}`
  readonly #startedAt = Date.now() / 1000
  #libc: Libc | undefined
  #fd = -1
  #socket: Socket | undefined
  #written = 0
  #reported = 0

  constructor(options: PipeTargetOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const { path } = this.#options
    this.#libc = loadLibc()
    if (!this.#libc) {
      throw new ReplayError(
        'this system cannot tell whether a collector writes into the pipe, and lines would get ' +
          'mixed: replay by UDP (--to HOST:PORT)',
      )
    }
    if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) {
      throw new ReplayError(
        `${path} is no named pipe: start the writer (npm run writer), or name the pipe by --pipe`,
      )
    }
    this.#fd = openPipe(path)
    if (!this.#libc.isLocked(this.#fd)) {
      closeSync(this.#fd)
      throw new ReplayError(`no writer reads ${path}: start it first (npm run writer)`)
    }
    this.#socket = new Socket({ fd: this.#fd, readable: false, writable: true })
    // The waiting write gets the same error.
    this.#socket.on('error', () => {})
    // Ends a line that a killed collector may have cut.
    await this.#write(Buffer.from('\n'))
    await this.#report('running')
  }

  async send(datagrams: readonly CapturedDatagram[]): Promise<void> {
    const bytes = Buffer.concat(datagrams.map(encodeLine))
    await this.sendLines({ bytes, lines: datagrams.length })
  }

  async sendLines({ bytes, lines }: LineBlock): Promise<void> {
    let start = 0
    while (start < bytes.length) {
      const end = cutAtLine(bytes, start)
      await this.#write(bytes.subarray(start, end))
      start = end
    }
    this.#written += lines
    if (this.#written - this.#reported >= REPORT_LINES) await this.#report('running')
  }

  /** Waits until the pipe is empty or has a reader: the kernel drops the content when nobody has it open. */
  async close(): Promise<void> {
    const socket = this.#socket
    if (!socket || !this.#libc || socket.destroyed) return
    try {
      await this.#report('final')
      while (this.#libc.unreadBytes(this.#fd) > 0 && !this.#libc.isLocked(this.#fd)) {
        await sleep(EMPTY_POLL_MS)
      }
    } finally {
      this.#socket = undefined
      socket.destroy()
    }
  }

  async #report(kind: 'running' | 'final'): Promise<void> {
    this.#reported = this.#written
    const counts = { received: this.#written, forwarded: this.#written, queueDropped: 0 }
    const report = {
      collector: this.#id,
      startedAt: this.#startedAt,
      time: Date.now() / 1000,
      ...counts,
      kernelDropped: 0,
      final: kind === 'final',
    }
    await this.#write(Buffer.from(encodeReportLine(report)))
  }

  /** Writes whole lines while no other program writes. */
  async #write(lines: Buffer): Promise<void> {
    const libc = this.#libc as Libc
    await this.#awaitTurn(libc)
    const stalled = setTimeout(this.#options.onStall, PATIENCE_MS)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#socket?.write(lines, (error) => (error ? reject(error) : resolve()))
      })
    } catch (error) {
      throw new ReplayError(
        `${this.#options.path} cannot be written: ${(error as Error).message}`,
        {
          cause: error,
        },
      )
    } finally {
      clearTimeout(stalled)
      endTurn(libc, this.#fd)
    }
  }

  async #awaitTurn(libc: Libc): Promise<void> {
    const { path } = this.#options
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const turn = takeTurn(libc, this.#fd)
      if (turn === 'taken') return
      if (turn === 'collector') {
        this.#socket?.destroy()
        throw new ReplayError(
          `a collector writes into ${path}, and lines would get mixed: stop the collector, or replay ` +
            'by UDP (--to HOST:PORT), or into a pipeline of its own (--pipe)',
        )
      }
      if (performance.now() > deadline) {
        throw new ReplayError(`another replay writes into ${path}: wait for it, or stop it`)
      }
      await sleep(BUSY_MS)
    }
  }
}

function openPipe(path: string): number {
  let fd: number
  try {
    // Opened for reading, too: with a reader, a restart of the writer causes no error.
    fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  } catch (error) {
    const remedy = 'run as the user of the writer, or in its group'
    throw new ReplayError(`${path} cannot be opened: ${remedy}`, { cause: error })
  }
  if (fstatSync(fd).isFIFO()) return fd
  closeSync(fd)
  throw new ReplayError(`${path} is no named pipe: name the pipe of the writer by --pipe`)
}

/** Returns the end of the write that begins at `start`: after a line, near the size of a write. */
function cutAtLine(bytes: Buffer, start: number): number {
  if (bytes.length - start <= WRITE_BYTES) return bytes.length
  const last = bytes.lastIndexOf(NEWLINE, start + WRITE_BYTES - 1)
  return (last < start ? bytes.indexOf(NEWLINE, start) : last) + 1 || bytes.length
}
