/**
 * Sends numbered flows as an exporter would, at a steady rate over loopback: the `bytes` of each flow
 * is its serial number, so that a test can tell which ones arrived, and how often.
 */

import { createSocket, type Socket } from 'node:dgram'
import { encodeNumberedIpfix, encodeNumberedV5, encodeNumberedV9 } from './numbered-messages.ts'

const TEMPLATE_EVERY = 50

export interface FlowSenderOptions {
  readonly port: number
  /** Source address; of 127.0.0.0/8. */
  readonly from?: string
  readonly exportVersion: 5 | 9 | 10
  readonly flowsPerDatagram: number
  /** Engine id, source id or observation domain. */
  readonly domain?: number
}

/** One exporter; `sentDatagrams` and `sentFlows` count what the kernel took. */
export class FlowSender {
  readonly #options: FlowSenderOptions
  readonly #bootMs = Date.now() - 3_600_000
  #socket: Socket | undefined
  sentDatagrams = 0
  sentFlows = 0
  #messages = 0
  #sequence = 0

  constructor(options: FlowSenderOptions) {
    this.#options = options
  }

  /** Makes the next message and moves the sequence on, without sending it: a datagram lost. */
  nextMessage(): Buffer {
    const { exportVersion, flowsPerDatagram: count, domain = 0 } = this.#options
    const now = Date.now()
    const header = { now, uptimeMs: now - this.#bootMs, sequence: this.#sequence, domain }
    const withTemplate = this.#messages % TEMPLATE_EVERY === 0
    const flows = { first: this.sentFlows, count, withTemplate }
    this.#messages += 1
    this.sentFlows += count
    // v9 counts messages, the others count records.
    this.#sequence += exportVersion === 9 ? 1 : count
    if (exportVersion === 5) return encodeNumberedV5(header, flows)
    return exportVersion === 9
      ? encodeNumberedV9(header, flows)
      : encodeNumberedIpfix(header, flows)
  }

  /** Sends `count` datagrams at `perSecond`. */
  async send(count: number, perSecond: number): Promise<void> {
    const socket = await this.#open()
    const started = performance.now()
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, Math.ceil(((performance.now() - started) / 1000) * perSecond))
      const burst: Promise<void>[] = []
      for (; sent < due; sent++) burst.push(this.#sendOne(socket, this.nextMessage()))
      await Promise.all(burst)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  #sendOne(socket: Socket, message: Buffer): Promise<void> {
    this.sentDatagrams += 1
    return new Promise((resolve, reject) => {
      socket.send(message, this.#options.port, '127.0.0.1', (error) => {
        if (error && (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') reject(error)
        else resolve()
      })
    })
  }

  async #open(): Promise<Socket> {
    if (this.#socket) return this.#socket
    const socket = createSocket('udp4')
    // A closed port answers with an error that belongs to nobody: the datagram is lost, no more.
    socket.on('error', () => {})
    await new Promise<void>((resolve) => socket.bind(0, this.#options.from ?? '127.0.0.1', resolve))
    this.#socket = socket
    return socket
  }

  close(): void {
    this.#socket?.close()
    this.#socket = undefined
  }
}
