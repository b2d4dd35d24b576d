/** Listens on one or more UDP ports; each datagram goes into the sink at once, unread. */

import { createSocket, type Socket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'
import { LogThrottle } from '../../shared/log-throttle.ts'
import type { Logger } from '../../shared/logger.ts'
import { BatchSocket, type DatagramSink, type ReceivedCounts } from './batch-socket.ts'
import { explainListenError, isIpv6Off } from './listen-error.ts'
import { NodeSocket } from './node-socket.ts'
import { setReceiveBuffer } from './receive-buffer.ts'
import type { SocketCalls } from './socket-calls.ts'

const ANY_IPV6 = '::'
const ANY_IPV4 = '0.0.0.0'
/**
 * Turns of the loop without a datagram until `finish` ends: an error may have caused one of them.
 */
const QUIET_TURNS = 3
/** Even an empty datagram takes more of the kernel's receive buffer than this. */
const SMALLEST_CHARGE_BYTES = 256
/** Linux fills a receive buffer up to twice the granted size. */
const BUFFER_FACTOR = 2

export interface UdpReceiverOptions {
  /** `::` includes IPv4, and falls back to `0.0.0.0` where IPv6 is off. */
  readonly host: string
  /** 0 lets the kernel choose. */
  readonly ports: readonly number[]
  readonly receiveBufferBytes: number
  readonly logger: Logger
  readonly sink: DatagramSink
  /** Read many datagrams by one call; without these calls Node reads each by itself. */
  readonly calls?: SocketCalls | undefined
  /** Whether a socket of `::` receives no IPv4 by default; tests replace it. */
  readonly isIpv6Alone?: () => boolean
  /** Creates the sockets; tests replace it to imitate another machine. */
  readonly makeSocket?: typeof createSocket
}

/** A listening socket. */
export interface ListeningSocket {
  readonly address: string
  readonly port: number
  /** As the kernel granted it, in the unit of the setting. */
  readonly receiveBufferBytes: number
}

export class UdpReceiver {
  readonly #options: UdpReceiverOptions
  readonly #errors = new LogThrottle()
  readonly #sockets: (BatchSocket | NodeSocket)[] = []
  #listening: ListeningSocket[] = []
  readonly #counts: ReceivedCounts = { datagrams: 0, bytes: 0 }

  constructor(options: UdpReceiverOptions) {
    this.#options = options
  }

  /** Datagrams received since the start. */
  get received(): number {
    return this.#counts.datagrams
  }

  /** Payload bytes received since the start. */
  get receivedBytes(): number {
    return this.#counts.bytes
  }

  /** The listening sockets in the order of `ports`; empty before `start` and after `stop`. */
  get listening(): readonly ListeningSocket[] {
    return this.#listening
  }

  /**
   * Listens on all ports.
   *
   * @throws ListenError that names a remedy; then no socket stays open
   */
  async start(): Promise<void> {
    if (this.#listening.length > 0) return
    try {
      for (const port of this.#options.ports) await this.#listen(port)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /**
   * Reads the datagrams that the kernel holds, before the sockets are closed. Reading ends when no
   * more datagrams come, however slow the machine is. It also ends after as many as the receive
   * buffers can hold: exporters that never pause must not prolong it.
   *
   * @param timeoutMs bounds all of this
   */
  async finish(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    const enough = this.received + this.#countHoldable()
    let quietTurns = 0
    while (quietTurns < QUIET_TURNS && this.received < enough && performance.now() < deadline) {
      const before = this.received
      for (const socket of this.#sockets) socket.read()
      // Between two immediates, the loop has surely polled the sockets.
      await nextTurn()
      await nextTurn()
      quietTurns = this.received === before ? quietTurns + 1 : 0
    }
  }

  /** Counts how many datagrams the kernel can hold for the sockets at most. */
  #countHoldable(): number {
    const bytes = this.#listening.reduce((sum, socket) => sum + socket.receiveBufferBytes, 0)
    return Math.ceil((bytes * BUFFER_FACTOR) / SMALLEST_CHARGE_BYTES)
  }

  /** Closes the sockets; datagrams that the kernel still holds are lost. */
  async stop(): Promise<void> {
    this.#listening = []
    await Promise.all(this.#sockets.splice(0).map((socket) => socket.stop()))
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
    const { receiveBufferBytes: wantedBytes, calls } = this.#options
    const receiveBufferBytes = setReceiveBuffer(socket, { wantedBytes, calls, logger })
    const { address, port: actualPort } = socket.address()
    const by = this.#receiveFrom(socket, receiveBufferBytes)
    this.#listening.push({ address, port: actualPort, receiveBufferBytes })
    const facts = { address, port: actualPort, receiveBufferBytes, by }
    logger.info(facts, 'receiving datagrams')
  }

  /** Starts receiving from a socket. @returns by which call */
  #receiveFrom(socket: Socket, receiveBufferBytes: number): 'recvmmsg' | 'node:dgram' {
    const { calls, sink } = this.#options
    const onError = (error: Error) => this.#logTrouble(error)
    const ends = { sink, counts: this.#counts, onError }
    const batchSocket =
      calls && BatchSocket.takeOver(socket, { calls, receiveBufferBytes, ...ends })
    const open = batchSocket ?? new NodeSocket(socket, ends)
    this.#sockets.push(open)
    open.start()
    return batchSocket ? 'recvmmsg' : 'node:dgram'
  }

  async #bind(host: string, port: number): Promise<Socket> {
    const makeSocket = this.#options.makeSocket ?? createSocket
    const socket = makeSocket({ type: host.includes(':') ? 'udp6' : 'udp4' })
    try {
      const place = this.#openDualStack(host, port) ?? { address: host, port }
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind(place, () => {
          socket.off('error', reject)
          resolve()
        })
      })
    } catch (error) {
      socket.close()
      throw error
    }
    return socket
  }

  /** Opens a socket of both families where the system would give Node's only IPv6. */
  #openDualStack(host: string, port: number): { readonly fd: number } | undefined {
    const { calls, logger, isIpv6Alone = readIsIpv6Alone } = this.#options
    if (host !== ANY_IPV6 || !isIpv6Alone()) return undefined
    if (!calls) {
      logger.warn({ port }, IPV6_ALONE)
      return undefined
    }
    const fd = calls.openDualStack(port)
    if (fd >= 0) return { fd }
    const code = getSystemErrorName(fd)
    throw Object.assign(new Error(`bind ${code}`), { code })
  }

  #logTrouble(error: Error): void {
    const verdict = this.#errors.admit('receive', performance.now())
    if (!verdict) return
    this.#options.logger.error(
      { err: error, muted: verdict.muted },
      'a socket reports an error; receiving goes on',
    )
  }
}

const IPV6_ALONE =
  'this socket receives no IPv4, because net.ipv6.bindv6only is 1: set that to 0, or NETFLOW_HOST ' +
  'to 0.0.0.0 if no exporter uses IPv6'

function readIsIpv6Alone(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/bindv6only', 'utf8').trim() === '1'
  } catch {
    return false // Not Linux, or no IPv6.
  }
}
