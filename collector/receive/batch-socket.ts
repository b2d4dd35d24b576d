/**
 * Receives from a socket in batches, with pauses of milliseconds while datagrams keep coming: to wake
 * for each costs more than the datagram itself. It binds no socket; that is Node's part.
 */

import type { Socket } from 'node:dgram'
import type { Datagram } from '../../shared/pipe-line.ts'
import { BATCH_MESSAGES, MessageBatch } from './message-batch.ts'
import { findUdpDescriptor } from './own-sockets.ts'
import type { ReadableWatch, SocketCalls } from './socket-calls.ts'

/** Datagrams of one turn of the loop; a flood must not keep everything else from its turn. */
const MAX_DATAGRAMS = 32 * BATCH_MESSAGES
/** The longest pause between two reads; the kernel tells the times, so they stay exact. */
const MAX_PAUSE_MS = 5
const MIN_PAUSE_MS = 1
/** More than this in a pause, and the next is shorter, so that little room in the kernel is taken. */
const MANY_DATAGRAMS = 2 * BATCH_MESSAGES
/** Less than this, and the next is longer. */
const FEW_DATAGRAMS = BATCH_MESSAGES
/** After an error, which may last: the kernel keeps what comes meanwhile. */
const ERROR_PAUSE_MS = 50
/** A smaller receive buffer could be full before a pause ends. */
const MIN_BYTES_TO_PAUSE = 1_048_576

export interface BatchSocketOptions {
  readonly calls: SocketCalls
  /** What the kernel granted. */
  readonly receiveBufferBytes: number
  /** Called for each datagram, which is used again after the call. */
  readonly onDatagram: (datagram: Datagram) => void
  readonly onError: (error: Error) => void
}

export class BatchSocket {
  readonly #descriptor: number
  readonly #options: BatchSocketOptions
  readonly #batch: MessageBatch
  readonly #canPause: boolean
  #watch: ReadableWatch | undefined
  #pause: NodeJS.Timeout | undefined
  #pauseMs = MAX_PAUSE_MS
  #isStopped = false
  #hasFailed = false

  private constructor(descriptor: number, options: BatchSocketOptions) {
    this.#descriptor = descriptor
    this.#options = options
    this.#batch = new MessageBatch(options.calls)
    this.#canPause = options.receiveBufferBytes >= MIN_BYTES_TO_PAUSE
  }

  /**
   * Takes a bound socket over from Node, which closes its own descriptor of it. Nothing where it
   * cannot be taken over; Node's socket is as it was then.
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
      this.#watch?.stop()
      // This call is none of Node's, and would let no promise and no tick run behind it.
      setImmediate(() => this.#turn())
    })
    this.#watch.start()
  }

  /** Takes what the kernel holds, up to a limit, and gives how many datagrams that were. */
  read(): number {
    let total = 0
    let count = 0
    do {
      count = this.#receive()
      for (let index = 0; index < count; index += 1) {
        this.#options.onDatagram(this.#batch.datagram(index))
      }
      total += count
    } while (count === BATCH_MESSAGES && total < MAX_DATAGRAMS)
    return total
  }

  /** Closes the socket; what the kernel still holds for it is lost. May be called twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    clearTimeout(this.#pause)
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

  /** Reads, and decides when the next time is: the more there was, the sooner. */
  #turn(): void {
    if (this.#isStopped) return
    this.#hasFailed = false
    const total = this.read()
    if (this.#hasFailed) this.#pause = setTimeout(() => this.#turn(), ERROR_PAUSE_MS)
    else if (total >= MAX_DATAGRAMS) setImmediate(() => this.#turn())
    else if (total === 0 || !this.#canPause) this.#watch?.start()
    else {
      if (total > MANY_DATAGRAMS) this.#pauseMs = MIN_PAUSE_MS
      else if (total < FEW_DATAGRAMS) this.#pauseMs = Math.min(this.#pauseMs + 1, MAX_PAUSE_MS)
      this.#pause = setTimeout(() => this.#turn(), this.#pauseMs)
    }
  }
}
