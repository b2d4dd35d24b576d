/**
 * Receives from a socket by Node's own events, datagram by datagram. This works wherever Node runs,
 * at several times the cost of a batch.
 */

import type { RemoteInfo, Socket } from 'node:dgram'
import { encodeTime, overwriteTime } from '../../shared/pipe-line.ts'
import type { DatagramSink, ReceivedCounts } from './batch-socket.ts'
import { ReceiveClock } from './receive-clock.ts'
import { SourceCache } from './source-cache.ts'

interface NodeSocketOptions {
  readonly sink: DatagramSink
  /** The socket adds to them. */
  readonly counts: ReceivedCounts
  readonly onError: (error: Error) => void
}

export class NodeSocket {
  readonly #socket: Socket
  readonly #options: NodeSocketOptions
  readonly #clock = new ReceiveClock()
  readonly #time = encodeTime(Date.now())
  readonly #sources = new SourceCache()

  /** @param socket bound; this object alone closes it from now on */
  constructor(socket: Socket, options: NodeSocketOptions) {
    this.#socket = socket
    this.#options = options
  }

  start(): void {
    this.#socket.on('message', (payload, source) => this.#take(payload, source))
    this.#socket.on('error', this.#options.onError)
  }

  /** Does nothing: the event loop brings the datagrams that the kernel holds. */
  read(): void {}

  /** Closes the socket; datagrams that the kernel still holds are lost. Only once. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }

  #take(buffer: Buffer, { address, port }: RemoteInfo): void {
    const key = `${port} ${address}`
    const source = this.#sources.find(key) ?? this.#sources.add(key, address, port)
    const now = this.#clock.now()
    const seconds = Math.floor(now / 1000)
    overwriteTime(this.#time, seconds, Math.floor((now - seconds * 1000) * 1000))
    const { sink, counts } = this.#options
    counts.datagrams += 1
    counts.bytes += buffer.length
    sink.push({ buffer, start: 0, end: buffer.length, time: this.#time, source })
  }
}
