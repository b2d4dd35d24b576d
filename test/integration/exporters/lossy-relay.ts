/** Forwards every datagram but a few, as a network that loses some. */

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export class LossyRelay {
  readonly #target: number
  readonly #lost: ReadonlySet<number>
  readonly #socket: Socket = createSocket('udp4')
  /** All datagrams in the order of arrival, including the lost ones. */
  readonly datagrams: Buffer[] = []

  /**
   * @param target a UDP port on 127.0.0.1
   * @param lost the numbers of the datagrams that are not forwarded, from 0
   */
  constructor(target: number, lost: readonly number[]) {
    this.#target = target
    this.#lost = new Set(lost)
  }

  /** Listens on 127.0.0.1; returns the port. */
  async start(): Promise<number> {
    this.#socket.on('message', (datagram) => {
      if (!this.#lost.has(this.datagrams.length)) {
        this.#socket.send(datagram, this.#target, '127.0.0.1')
      }
      this.datagrams.push(datagram)
    })
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
    return (this.#socket.address() as AddressInfo).port
  }

  stop(): void {
    this.#socket.close()
  }
}
