/**
 * Receives datagrams on one or more UDP ports and hands each on at once. It never looks into a
 * datagram, and keeps none.
 */

import { createSocket, type Socket } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LogThrottle } from '../shared/log-throttle.ts'
import type { Logger } from '../shared/logger.ts'
import { explainListenError, isIpv6Off } from './listen-error.ts'
import { setReceiveBuffer } from './receive-buffer.ts'

const ANY_IPV6 = '::'
const ANY_IPV4 = '0.0.0.0'
/** How long `finish` reads at most, should exporters keep sending faster than it reads. */
const FINISH_MS = 200

/** Called for each datagram; `payload` belongs to the callee, `address` is as the system gives it. */
export type DatagramSink = (payload: Buffer, address: string, port: number) => void

export interface UdpReceiverOptions {
  /** `::` receives IPv4, too, and falls back to `0.0.0.0` where IPv6 is off. */
  readonly host: string
  /** 0 lets the kernel choose. */
  readonly ports: readonly number[]
  readonly receiveBufferBytes: number
  readonly logger: Logger
  readonly onDatagram: DatagramSink
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
    logger.info({ address, port: actualPort, receiveBufferBytes }, 'receiving datagrams')
  }

  async #bind(host: string, port: number): Promise<Socket> {
    const makeSocket = this.#options.makeSocket ?? createSocket
    const socket = makeSocket({ type: host.includes(':') ? 'udp6' : 'udp4' })
    const { onDatagram } = this.#options
    socket.on('message', (payload, { address, port: sourcePort }) => {
      this.#received += 1
      this.#receivedBytes += payload.length
      onDatagram(payload, address, sourcePort)
    })
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

  #tellTrouble(error: Error): void {
    const verdict = this.#errors.admit('receive', performance.now())
    if (!verdict) return
    this.#options.logger.error({ err: error, muted: verdict.muted }, 'a socket reports an error')
  }
}
