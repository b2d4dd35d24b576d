/**
 * Receives datagrams on one or more UDP ports and hands each on at once. It never looks into a
 * datagram, and keeps none.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LogThrottle } from '../shared/log-throttle.ts'
import type { Logger } from '../shared/logger.ts'
import { type Datagram, encodeSource, encodeTime } from '../shared/pipe-line.ts'
import { explainListenError, isIpv6Off } from './listen-error.ts'
import type { MessageBatch } from './message-batch.ts'
import { findUdpDescriptor } from './own-sockets.ts'
import { setReceiveBuffer } from './receive-buffer.ts'
import { ReceiveClock } from './receive-clock.ts'

const ANY_IPV6 = '::'
const ANY_IPV4 = '0.0.0.0'
/** How long `finish` reads at most, should exporters keep sending faster than it reads. */
const FINISH_MS = 200

/** Called for each datagram, which is used again after the call. */
export type DatagramSink = (datagram: Datagram) => void

export interface UdpReceiverOptions {
  /** `::` receives IPv4, too, and falls back to `0.0.0.0` where IPv6 is off. */
  readonly host: string
  /** 0 lets the kernel choose. */
  readonly ports: readonly number[]
  readonly receiveBufferBytes: number
  readonly logger: Logger
  readonly onDatagram: DatagramSink
  /** Takes what has come with a datagram by one call; without it Node takes each by itself. */
  readonly batch?: MessageBatch | undefined
  /** Makes the sockets; for tests of what the machine has not. */
  readonly makeSocket?: typeof createSocket
}

/** A socket that listens. */
export interface ListeningSocket {
  readonly address: string
  readonly port: number
  /** What the kernel granted, in the unit of the setting. */
  readonly receiveBufferBytes: number
}

export class UdpReceiver {
  readonly #options: UdpReceiverOptions
  readonly #errors = new LogThrottle()
  readonly #clock = new ReceiveClock()
  readonly #sockets: Socket[] = []
  #listening: ListeningSocket[] = []
  #received = 0
  #receivedBytes = 0

  constructor(options: UdpReceiverOptions) {
    this.#options = options
  }

  /** Datagrams that the sockets gave. */
  get received(): number {
    return this.#received
  }

  /** Payload bytes that the sockets gave. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** The sockets that listen, in the order of `ports`; empty before `start` and after `stop`. */
  get listening(): readonly ListeningSocket[] {
    return this.#listening
  }

  /**
   * Listens on all ports.
   *
   * @throws ListenError that says what to do; then no socket stays open.
   */
  async start(): Promise<void> {
    if (this.#sockets.length > 0) return
    try {
      for (const port of this.#options.ports) await this.#listen(port)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Reads what the kernel already holds for the sockets, before they are closed. */
  async finish(): Promise<void> {
    const deadline = performance.now() + FINISH_MS
    let before: number
    do {
      before = this.#received
      // Only between two immediates has the loop surely looked at the sockets.
      await nextTurn()
      await nextTurn()
    } while (this.#received !== before && performance.now() < deadline)
  }

  /** Closes the sockets; what the kernel still holds for them is lost. */
  async stop(): Promise<void> {
    this.#listening = []
    const sockets = this.#sockets.splice(0)
    await Promise.all(
      sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))),
    )
  }

  async #listen(port: number): Promise<void> {
    const { host, logger } = this.#options
    let socket: Socket
    try {
      socket = await this.#bind(host, port)
    } catch (error) {
      if (host !== ANY_IPV6 || !isIpv6Off(error)) throw explainListenError(error, host, port)
      logger.info({ port }, 'IPv6 is off on this machine; receiving IPv4 only')
      socket = await this.#bind(ANY_IPV4, port).catch((cause: unknown) => {
        throw explainListenError(cause, ANY_IPV4, port)
      })
    }
    this.#sockets.push(socket)
    const receiveBufferBytes = setReceiveBuffer(socket, this.#options.receiveBufferBytes, logger)
    const { address, port: actualPort } = socket.address()
    this.#listening.push({ address, port: actualPort, receiveBufferBytes })
    const by = this.#receiveFrom(socket, actualPort)
    logger.info({ address, port: actualPort, receiveBufferBytes, by }, 'receiving datagrams')
  }

  /** Has the datagrams of a socket taken, and tells by what. */
  #receiveFrom(socket: Socket, port: number): string {
    const { batch } = this.#options
    const descriptor = batch && findUdpDescriptor(port)
    if (!batch || descriptor === undefined) {
      socket.on('message', (payload, source) => this.#take(payload, source))
      return 'node:dgram'
    }
    socket.on('message', (payload, source) => {
      this.#take(payload, source)
      this.#takeBatch(batch, descriptor)
    })
    return 'recvmmsg'
  }

  async #bind(host: string, port: number): Promise<Socket> {
    const makeSocket = this.#options.makeSocket ?? createSocket
    const socket = makeSocket({ type: host.includes(':') ? 'udp6' : 'udp4' })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind({ address: host, port }, () => {
          socket.off('error', reject)
          resolve()
        })
      })
    } catch (error) {
      socket.close()
      throw error
    }
    socket.on('error', (error) => this.#tellTrouble(error))
    return socket
  }

  #take(buffer: Buffer, { address, port }: RemoteInfo): void {
    const source = encodeSource(address, port)
    const time = encodeTime(this.#clock.now())
    this.#received += 1
    this.#receivedBytes += buffer.length
    this.#options.onDatagram({ buffer, start: 0, end: buffer.length, time, source })
  }

  /**
   * Takes what has come together with the datagram that Node gave; Node then finds the socket
   * empty. Taking them one by one costs Node a callback, a buffer and an object each.
   */
  #takeBatch(batch: MessageBatch, descriptor: number): void {
    let count = 0
    try {
      count = batch.receive(descriptor)
    } catch (error) {
      this.#tellTrouble(error as Error)
    }
    if (count === 0) return
    const time = encodeTime(this.#clock.now())
    for (let index = 0; index < count; index += 1) {
      const datagram = batch.datagram(index, time)
      this.#received += 1
      this.#receivedBytes += datagram.end - datagram.start
      this.#options.onDatagram(datagram)
    }
  }

  #tellTrouble(error: Error): void {
    const verdict = this.#errors.admit('receive', performance.now())
    if (!verdict) return
    this.#options.logger.error({ err: error, muted: verdict.muted }, 'a socket reports an error')
  }
}
