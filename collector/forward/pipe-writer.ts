/**
 * Forwards lines to the named pipe through a bounded queue, and never blocks. A datagram counts as
 * forwarded only once the kernel has taken its whole line.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Libc } from '../../shared/libc.ts'
import type { Logger } from '../../shared/logger.ts'
import { type Datagram, measureDatagramLine, writeDatagramLine } from '../../shared/pipe-line.ts'
import { LineQueue } from './line-queue.ts'
import type { NamedPipe, NotAPipeError } from './named-pipe.ts'
import { PipeWatcher } from './pipe-watcher.ts'

/** Writes in one turn of the event loop at most: a fast reader must not starve the sockets. */
const MAX_WRITES_PER_TURN = 16
/** Lines of this size are written before the turn ends: they still fit into one reused chunk. */
const LARGE_WRITE_BYTES = 49_152
const DRAIN_POLL_MS = 5
/** A working reader empties the pipe in a fraction of this. */
const READER_MS = 500
const CHECK_INTERVAL_MS = 250
const NEWLINE = 0x0a

export interface PipeWriterOptions {
  readonly path: string
  /** Bounds the bytes that the kernel has not accepted yet; above it the newest are dropped. */
  readonly maxQueueBytes: number
  readonly logger: Logger
  /** Called when the path turns out to be no pipe, after `start`. */
  readonly onFatal: (error: Error) => void
  /** Announces the collector to other writers of the pipe; without it they refuse to write. */
  readonly libc?: Libc | undefined
  /** Milliseconds between two looks at the path; default 250. */
  readonly checkIntervalMs?: number
}

export class PipeWriter {
  readonly #options: PipeWriterOptions
  readonly #queue: LineQueue
  readonly #watcher: PipeWatcher
  #timer: NodeJS.Timeout | undefined
  #pipe: NamedPipe | undefined
  #scheduled: NodeJS.Immediate | undefined
  /** The pipe was full; the rest of a line waits in the pipe's socket for room. */
  #isFull = false
  #forwarded = 0
  #queueDropped = 0

  constructor(options: PipeWriterOptions) {
    this.#options = options
    this.#queue = new LineQueue(options.maxQueueBytes)
    this.#watcher = new PipeWatcher(options.path, options.logger, options.libc)
  }

  get isOpen(): boolean {
    return this.#pipe !== undefined
  }

  /** Datagrams whose whole line the kernel has accepted. */
  get forwarded(): number {
    return this.#forwarded
  }

  /** Datagrams dropped because the queue was full, or left in it at `stop`. */
  get queueDropped(): number {
    return this.#queueDropped
  }

  /** Bytes that the kernel has not accepted yet. */
  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** Datagrams neither forwarded nor dropped yet. */
  get queuedDatagrams(): number {
    return this.#queue.datagrams
  }

  /**
   * Opens the pipe, or begins to wait for it.
   *
   * @throws NotAPipeError where the path names anything else.
   */
  start(): void {
    if (this.#timer) return
    const { checkIntervalMs = CHECK_INTERVAL_MS, onFatal } = this.#options
    this.#openNewPipe()
    this.#timer = setInterval(() => {
      try {
        this.#openNewPipe()
      } catch (error) {
        this.#stopLooking()
        onFatal(error as NotAPipeError)
      }
    }, checkIntervalMs)
  }

  /** Queues a datagram, also before `start`; drops and counts it when the queue is full. */
  push(datagram: Datagram): void {
    const bytes = measureDatagramLine(datagram)
    let slot = this.#queue.reserve(bytes)
    if (!slot) {
      // The queue may hold lines that wait only for the end of this turn.
      this.#pump()
      slot = this.#queue.reserve(bytes)
      if (!slot) {
        this.#queueDropped += 1
        return
      }
    }
    writeDatagramLine(slot.buffer, slot.position, datagram)
    if (this.#queue.bytes >= LARGE_WRITE_BYTES) this.#pump()
    else this.#schedule()
  }

  /** Writes the queue now, not only at the end of this turn. */
  flush(): void {
    if (this.#scheduled === undefined) return
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    this.#pump()
  }

  /** Queues a report's line, unless another waits: the next report includes its counts. */
  pushReport(line: string): void {
    if (this.#queue.reports > 0) return
    this.#queue.pushReport(line)
    this.#schedule()
  }

  /**
   * Writes as much as the pipe has room for, even when no time is left. Then waits until the kernel
   * has all lines, at most `timeoutMs`. Without a pipe, a report alone is not waited for.
   *
   * @returns whether the kernel has all lines
   */
  async drain(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    this.#pump()
    while (this.#queue.bytes > 0) {
      const isWorthwhile = this.#pipe !== undefined || this.#queue.datagrams > 0
      if (!isWorthwhile || performance.now() >= deadline) return false
      await sleep(DRAIN_POLL_MS)
    }
    return true
  }

  /**
   * Waits until the reader has emptied the pipe: the kernel discards the content with the last
   * process that has the pipe open. A living reader keeps it open, and may finish later.
   *
   * @returns the bytes that no process will read
   */
  async handOver(libc: Libc, timeoutMs: number): Promise<number> {
    const started = performance.now()
    for (;;) {
      const unread = this.#pipe?.countUnread(libc) ?? 0
      const waitedMs = performance.now() - started
      if (unread === 0) return 0
      const isPatient = waitedMs < Math.min(READER_MS, timeoutMs)
      if (!isPatient && this.#pipe?.hasReader(libc)) return 0
      if (waitedMs >= timeoutMs) return unread
      await sleep(DRAIN_POLL_MS)
    }
  }

  /** Closes the pipe and drops the rest of the queue. @returns the datagrams dropped by this */
  stop(): number {
    this.#stopLooking()
    this.#watcher.close()
    this.#pipe?.close()
    this.#pipe = undefined
    const left = this.#queue.clear()
    this.#queueDropped += left
    return left
  }

  #stopLooking(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** The lines of one turn leave by one write at the end of this turn. */
  #schedule(): void {
    if (this.#scheduled !== undefined || this.#isFull || !this.#pipe) return
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined
      this.#pump()
    })
  }

  #pump(): void {
    for (let writes = 0; writes < MAX_WRITES_PER_TURN; writes += 1) {
      const pipe = this.#pipe
      const head = this.#queue.head()
      if (!pipe || !head || this.#isFull) return
      const size = head.end - head.start
      let accepted = 0
      try {
        accepted = pipe.write(head.buffer, head.start, head.end)
      } catch (error) {
        this.#abandon(pipe, error)
        return
      }
      this.#forwarded += this.#queue.accept(accepted)
      if (accepted < size) this.#awaitRoom(pipe)
    }
    this.#schedule()
  }

  /**
   * Hands the rest of the cut line to the socket, which notices when the pipe has room. At most one
   * line is in flight, so each datagram is known to be in the pipe or not.
   */
  #awaitRoom(pipe: NamedPipe): void {
    const head = this.#queue.head()
    if (!head) return
    const rest = head.buffer.subarray(head.start, this.#queue.endOfFirstLine())
    this.#isFull = true
    pipe.writeWhenWritable(rest, (error) => {
      if (pipe !== this.#pipe) return
      this.#isFull = false
      if (error) {
        this.#abandon(pipe, error)
        return
      }
      this.#forwarded += this.#queue.accept(rest.length)
      this.#pump()
    })
  }

  #abandon(pipe: NamedPipe, error: unknown): void {
    this.#options.logger.error(
      { err: error },
      'the named pipe cannot be written; it is opened again, and the queue is kept',
    )
    pipe.close()
    this.#pipe = undefined
    this.#queue.rewindToLineStart()
    this.#watcher.forget()
  }

  #openNewPipe(): void {
    const pipe = this.#watcher.look()
    if (pipe) this.#switchTo(pipe)
  }

  #switchTo(pipe: NamedPipe): void {
    const old = this.#pipe
    this.#pipe = pipe
    this.#isFull = false
    if (old) {
      this.#queue.rewindToLineStart()
      // Bytes of the old pipe that nobody can read any more go first. A line cut at their end is
      // still queued.
      const unread = old.takeBack()
      this.#queue.prepend(unread.subarray(0, unread.lastIndexOf(NEWLINE) + 1))
      old.close()
    }
    // Ends a line that the death of an earlier collector has cut.
    this.#queue.prepend(Buffer.from('\n'))
    this.#pump()
  }
}
