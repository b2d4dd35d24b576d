/**
 * Receives from a socket in batches. While datagrams keep coming it pauses for milliseconds between
 * two reads, because waking for each datagram costs more than the datagram itself. While they come
 * singly it waits for each: a pause would only wake it once more.
 */

import type { Socket } from 'node:dgram'
import type { Datagram } from '../../shared/pipe-line.ts'
import type { ReadableWatch } from '../../shared/readable-watch.ts'
import { BATCH_MESSAGES, MessageBatch } from './message-batch.ts'
import { findUdpDescriptor } from './own-sockets.ts'
import type { SocketCalls } from './socket-calls.ts'

/** Datagrams of one turn of the loop at most: a flood must not starve the rest of the process. */
const MAX_DATAGRAMS = 32 * BATCH_MESSAGES
/**
 * The longest pause between two reads. The kernel stamps the times, so they stay exact. A killed
 * collector loses the datagrams of one pause, and ten times as many until it has started again.
 */
const MAX_PAUSE_MS = 20
const MIN_PAUSE_MS = 1
/** Receive buffer for each millisecond of a pause: half of it is room for 100,000 large datagrams/s. */
const BYTES_PER_MS = 209_715
/** After more than this in one pause, the next pause is short, so that the buffer stays empty. */
const MANY_DATAGRAMS = 2 * BATCH_MESSAGES
/** After less than this in one pause, the next pause is longer. */
const FEW_DATAGRAMS = BATCH_MESSAGES
/** The pause after an error, which may last; the kernel holds the datagrams meanwhile. */
const ERROR_PAUSE_MS = 50
/** A smaller receive buffer could overflow within a pause. */
const MIN_BYTES_TO_PAUSE = 1_048_576

/** The receiver of the datagrams that sockets read. */
export interface DatagramSink {
  /** Receives one datagram. Its object is reused for the next one, so copy what is kept. */
  push(datagram: Datagram): void
  /** Called after the datagrams of one turn, but not for those that Node reads singly. */
  flush(): void
}

/** Counts of all sockets since the start. */
export interface ReceivedCounts {
  datagrams: number
  /** Bytes of payloads. */
  bytes: number
}

export interface BatchSocketOptions {
  readonly calls: SocketCalls
  /** As the kernel granted it. */
  readonly receiveBufferBytes: number
  readonly sink: DatagramSink
  /** The socket adds to them. */
  readonly counts: ReceivedCounts
  readonly onError: (error: Error) => void
}

export class BatchSocket {
  readonly #descriptor: number
  readonly #options: BatchSocketOptions
  readonly #batch: MessageBatch
  readonly #maxPauseMs: number
  #watch: ReadableWatch | undefined
  #pause: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #pauseMs: number
  #isWatching = false
  /** When datagrams were last read (`performance.now()`). */
  #readAt = 0
  #isStopped = false
  #hasFailed = false

  private constructor(descriptor: number, options: BatchSocketOptions) {
    this.#descriptor = descriptor
    this.#options = options
    this.#batch = new MessageBatch(options.calls)
    const { receiveBufferBytes: bytes } = options
    const longestMs = Math.min(Math.floor(bytes / BYTES_PER_MS), MAX_PAUSE_MS)
    this.#maxPauseMs = bytes >= MIN_BYTES_TO_PAUSE ? longestMs : 0
    this.#pauseMs = this.#maxPauseMs
  }

  /**
   * Adopts a socket that Node has bound. Node closes its own descriptor of the socket.
   *
   * @returns undefined where that is not possible; then Node's socket is as it was
   */
  static takeOver(socket: Socket, options: BatchSocketOptions): BatchSocket | undefined {
    const { calls } = options
    const found = findUdpDescriptor(socket.address().port)
    const descriptor = found === undefined ? -1 : calls.duplicate(found)
    if (descriptor < 0) return undefined
    if (!calls.enableTimestamps(descriptor)) {
      calls.close(descriptor)
      return undefined
    }
    socket.close()
    return new BatchSocket(descriptor, options)
  }

  start(): void {
    if (this.#watch || this.#isStopped) return
    this.#watch = this.#options.calls.watchReadable(this.#descriptor, () => {
      // This call does not come from Node: no promise and no tick would run after it.
      this.#immediate ??= setImmediate(() => this.#turn())
    })
    this.#wait()
  }

  /** Waits for the next datagram. */
  #wait(): void {
    this.#watch?.start()
    this.#isWatching = true
  }

  #readAgainIn(ms: number): void {
    this.#watch?.stop()
    this.#isWatching = false
    this.#pause = setTimeout(() => this.#turn(), ms)
  }

  /** Reads the datagrams that the kernel holds, up to a limit. @returns their count */
  read(): number {
    const { sink, counts } = this.#options
    let total = 0
    let count = 0
    do {
      count = this.#receive()
      for (let index = 0; index < count; index += 1) {
        const datagram = this.#batch.datagram(index)
        counts.datagrams += 1
        counts.bytes += datagram.end - datagram.start
        sink.push(datagram)
      }
      total += count
    } while (count === BATCH_MESSAGES && total < MAX_DATAGRAMS)
    return total
  }

  /** Closes the socket; datagrams that the kernel still holds are lost. May be called twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    clearTimeout(this.#pause)
    clearImmediate(this.#immediate)
    this.#watch?.close()
    this.#options.calls.close(this.#descriptor)
  }

  #receive(): number {
    try {
      return this.#isStopped ? 0 : this.#batch.receive(this.#descriptor)
    } catch (error) {
      this.#hasFailed = true
      this.#options.onError(error as Error)
      return 0
    }
  }

  /** Reads, and plans the next read: the sooner, the more datagrams came. */
  #turn(): void {
    this.#immediate = undefined
    if (this.#isStopped) return
    this.#hasFailed = false
    const total = this.read()
    if (total > 0) this.#options.sink.flush()
    const isSingle = this.#isSingle(total)
    if (this.#hasFailed) this.#readAgainIn(ERROR_PAUSE_MS)
    else if (total >= MAX_DATAGRAMS) this.#immediate = setImmediate(() => this.#turn())
    else if (isSingle || this.#maxPauseMs === 0) this.#wait()
    else {
      if (total > MANY_DATAGRAMS) this.#pauseMs = MIN_PAUSE_MS
      else if (total < FEW_DATAGRAMS) this.#pauseMs = Math.min(this.#pauseMs + 1, this.#maxPauseMs)
      this.#readAgainIn(this.#pauseMs)
    }
  }

  /** Whether a pause would bring no more than one datagram, judging by the last turns. */
  #isSingle(total: number): boolean {
    const now = performance.now()
    const sinceMs = now - this.#readAt
    this.#readAt = now
    if (total === 0) return true
    return total === 1 && (!this.#isWatching || sinceMs > this.#maxPauseMs)
  }
}
