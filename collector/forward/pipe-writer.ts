/**
 * Forwards lines to the named pipe through a bounded queue. It never blocks, never waits for the
 * reader, and never counts a datagram as forwarded before the kernel has taken its whole line.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Libc } from '../../shared/libc.ts'
import type { Logger } from '../../shared/logger.ts'
import { type Datagram, measureDatagramLine, writeDatagramLine } from '../../shared/pipe-line.ts'
import { LineQueue } from './line-queue.ts'
import type { NamedPipe } from './named-pipe.ts'
import { PipeWatcher } from './pipe-watcher.ts'

/** Writes in one turn of the event loop, so that a fast reader cannot keep us from the sockets. */
const MAX_WRITES_PER_TURN = 16
/** So much is worth a write before the turn ends: it still fits the one chunk that is used anew. */
const LARGE_WRITE_BYTES = 49_152
const DRAIN_POLL_MS = 5
/** A reader that is at work has emptied the pipe long before. */
const READER_MS = 500
const NEWLINE = 0x0a

export interface PipeWriterOptions {
  readonly path: string
  /** Bound of the bytes that the kernel has not accepted yet; beyond it the newest are dropped. */
  readonly maxQueueBytes: number
  readonly logger: Logger
  /** Called when the path turns out to be no pipe after `start`. */
  readonly onFatal: (error: Error) => void
  /** How often the path is looked at; see `PipeWatcher`. */
  readonly checkIntervalMs?: number
}

export class PipeWriter {
  readonly #logger: Logger
  readonly #queue: LineQueue
  readonly #watcher: PipeWatcher
  #pipe: NamedPipe | undefined
  #isScheduled = false
  /** The pipe was full; the rest of a line waits in its socket for room. */
  #isFull = false
  #forwarded = 0
  #queueDropped = 0

  constructor(options: PipeWriterOptions) {
    const { path, logger, onFatal, checkIntervalMs } = options
    const onPipe = (pipe: NamedPipe) => this.#switchTo(pipe)
    this.#logger = logger
    this.#queue = new LineQueue(options.maxQueueBytes)
    this.#watcher = new PipeWatcher({ path, logger, onPipe, onFatal, checkIntervalMs })
  }

  get isOpen(): boolean {
    return this.#pipe !== undefined
  }

  /** Datagrams whose whole line the kernel has accepted. */
  get forwarded(): number {
    return this.#forwarded
  }

  /** Datagrams dropped because the queue was full, or left over at `stop`. */
  get queueDropped(): number {
    return this.#queueDropped
  }

  /** Bytes that the kernel has not accepted yet. */
  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** Datagrams that are neither forwarded nor dropped yet. */
  get queuedDatagrams(): number {
    return this.#queue.datagrams
  }

  /**
   * Opens the pipe, or begins to wait for it.
   *
   * @throws NotAPipeError where the path is something else.
   */
  start(): void {
    this.#watcher.start()
  }

  /** Takes a datagram, also before `start`; drops and counts it when the queue is full. */
  push(datagram: Datagram): void {
    const bytes = measureDatagramLine(datagram)
    let slot = this.#queue.reserve(bytes)
    if (!slot) {
      // Lines of this turn may only wait for its end, while the pipe has room.
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

  /** Takes a report's line, unless another still waits: the next one says the same and more. */
  pushReport(line: string): void {
    if (this.#queue.reports > 0) return
    this.#queue.pushReport(line)
    this.#schedule()
  }

  /**
   * Writes what the pipe has room for, also when no time is left. Then waits until the kernel has
   * all lines, at most `timeoutMs`. Without a pipe it waits for datagrams only, as nobody misses a
   * report.
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
   * Waits until the reader has taken what is in the pipe: when both are gone, the kernel throws it
   * away. A reader that lives may take its time, as the pipe is its own, too.
   *
   * @returns bytes that are left to nobody
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

  /** Closes the pipe; drops what is still queued and gives the count of these datagrams. */
  stop(): number {
    this.#watcher.stop()
    this.#pipe?.close()
    this.#pipe = undefined
    const left = this.#queue.clear()
    this.#queueDropped += left
    return left
  }

  /** Lines of one turn leave by one write; an idle collector still forwards in the same turn. */
  #schedule(): void {
    if (this.#isScheduled || this.#isFull || !this.#pipe) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
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
   * Hands the rest of the cut line alone to the socket, which learns when the pipe has room. What
   * is in flight is never more than one line, so every datagram is known to be in the pipe or not.
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
    this.#logger.error({ err: error }, 'the named pipe cannot be written; it is opened again')
    pipe.close()
    this.#pipe = undefined
    this.#queue.rewindToLineStart()
    this.#watcher.forget()
  }

  #switchTo(pipe: NamedPipe): void {
    const old = this.#pipe
    this.#pipe = pipe
    this.#isFull = false
    if (old) {
      this.#queue.rewindToLineStart()
      // What nobody can read there any more goes first. A line cut at its end is still queued.
      const unread = old.takeBack()
      this.#queue.prepend(unread.subarray(0, unread.lastIndexOf(NEWLINE) + 1))
      old.close()
    }
    // Ends a line that a predecessor's death has cut.
    this.#queue.prepend(Buffer.from('\n'))
    this.#pump()
  }
}
