/** Sends datagrams over loopback. */

import { createSocket, type Socket } from 'node:dgram'
import type { TestContext } from 'node:test'

export class DatagramSender {
  readonly #socket: Socket
  readonly #address: string
  readonly #port: number

  /** Sends from a socket of the family of `address`, closed after the test. */
  constructor(context: TestContext, address: string, port: number) {
    this.#socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    this.#address = address
    this.#port = port
    context.after(() => this.#socket.close())
  }

  send(payload: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(payload, this.#port, this.#address, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /**
   * Sends `count` datagrams of `bytes` bytes; each begins with its number, counted from `first`.
   */
  async sendNumbered(count: number, bytes: number, first = 0): Promise<void> {
    for (let number = first; number < first + count; number += 1) {
      const payload = Buffer.alloc(bytes, number)
      payload.writeUInt32BE(number)
      await this.send(payload)
    }
  }
}
