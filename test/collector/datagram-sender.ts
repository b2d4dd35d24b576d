/** Sends datagrams to a collector until the test ends. */

import type { TestContext } from 'node:test'
import { UdpSender } from '../helpers/udp-sender.ts'

export class DatagramSender extends UdpSender {
  /** Sends from a socket of the family of `address`, closed after the test. */
  constructor(context: TestContext, address: string, port: number) {
    super({ to: address, port })
    context.after(() => this.close())
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
