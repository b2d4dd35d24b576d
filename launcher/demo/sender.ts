/**
 * Sends the messages of one exporter of the demonstration to a collector over UDP, from an address
 * of its own where the system has one.
 */

import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'

/** The collector's port is closed; `code` is `NO_COLLECTOR`. */
export class NoCollectorError extends Error {
  readonly code = 'NO_COLLECTOR'

  constructor(host: string, port: number) {
    super(`nothing listens on UDP port ${port} of ${host}`)
    this.name = 'NoCollectorError'
  }
}

interface DemoSenderOptions {
  /** The address of the collector. */
  readonly host: string
  readonly port: number
  /** The wanted source address; without it, or where the system does not have it, any. */
  readonly sourceAddress?: string
}

/** The socket is connected, so that the system reports a closed port. */
export class DemoSender {
  readonly #options: DemoSenderOptions
  #socket: Socket | undefined
  #failure: Error | undefined

  constructor(options: DemoSenderOptions) {
    this.#options = options
  }

  /** The source address in use. @throws before `start` */
  get sourceAddress(): string {
    if (!this.#socket) throw new Error('the sender is not started')
    return this.#socket.address().address
  }

  async start(): Promise<void> {
    if (this.#socket) return
    const { host, port, sourceAddress } = this.#options
    const socket = (sourceAddress && (await this.#bind(sourceAddress))) || (await this.#bind())
    if (!socket) throw new Error(`no UDP socket can be bound to send to ${host}`)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, host, () => {
        socket.removeAllListeners('error')
        resolve()
      })
    })
    socket.on('error', (error) => {
      this.#failure = error
    })
    this.#socket = socket
  }

  /** Binds a socket. @returns undefined when the system does not have the address */
  #bind(address?: string): Promise<Socket | undefined> {
    const socket = createSocket(isIPv6(this.#options.host) ? 'udp6' : 'udp4')
    return new Promise((resolve, reject) => {
      socket.once('error', (error: NodeJS.ErrnoException) => {
        socket.close()
        if (error.code === 'EADDRNOTAVAIL') resolve(undefined)
        else reject(error)
      })
      socket.bind({ port: 0, ...(address && { address }) }, () => {
        socket.removeAllListeners('error')
        resolve(socket)
      })
    })
  }

  /** Sends a datagram. @throws NoCollectorError when an earlier one found the port closed */
  async send(datagram: Buffer): Promise<void> {
    const socket = this.#socket
    if (!socket) throw new Error('the sender is not started')
    const error = await new Promise<Error | null>((resolve) => socket.send(datagram, resolve))
    this.#failure = error ?? this.#failure
    this.check()
  }

  /**
   * @throws NoCollectorError when a datagram found the port closed, or any other error of sending
   */
  check(): void {
    const failure: NodeJS.ErrnoException | undefined = this.#failure
    if (!failure) return
    const { host, port } = this.#options
    throw failure.code === 'ECONNREFUSED' ? new NoCollectorError(host, port) : failure
  }

  async stop(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket) await new Promise<void>((resolve) => socket.close(resolve))
  }
}
