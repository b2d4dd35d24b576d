/**
 * Sends numbered flows as an exporter would, at a steady rate over loopback: the `bytes` of each flow
 * is its serial number, so that a test can tell which ones arrived, and how often.
 */

import { createSocket, type Socket } from 'node:dgram'
import {
  dataSet,
  encodeV5Message,
  encodeV9Message,
  templateSet,
} from '../../launcher/demo-messages.ts'

const V9_TEMPLATE = {
  id: 256,
  fields: [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [4, 1],
    [1, 4],
    [2, 4],
    [22, 4],
    [21, 4],
  ],
} as const
const V9_TEMPLATE_EVERY = 50

export interface FlowSenderOptions {
  readonly port: number
  /** Source address; of 127.0.0.0/8. */
  readonly from?: string
  readonly exportVersion: 5 | 9
  readonly flowsPerDatagram: number
  /** Engine id or source id. */
  readonly domain?: number
}

/** One exporter; `sentDatagrams` and `sentFlows` count what the kernel took. */
export class FlowSender {
  readonly #options: FlowSenderOptions
  readonly #bootMs = Date.now() - 3_600_000
  #socket: Socket | undefined
  sentDatagrams = 0
  sentFlows = 0
  #sequence = 0

  constructor(options: FlowSenderOptions) {
    this.#options = options
  }

  /** Makes the next message and moves the sequence on, without sending it: a datagram lost. */
  nextMessage(): Buffer {
    const { exportVersion, flowsPerDatagram, domain = 0 } = this.#options
    const now = Date.now()
    const header = {
      sysUptimeMs: now - this.#bootMs,
      unixSeconds: Math.floor(now / 1000),
      sequence: this.#sequence,
    }
    const serials = Array.from({ length: flowsPerDatagram }, (_, index) => this.sentFlows + index)
    this.sentFlows += flowsPerDatagram
    if (exportVersion === 5) {
      this.#sequence += flowsPerDatagram
      return encodeV5Message(
        { ...header, unixNanos: (now % 1000) * 1_000_000, engineId: domain },
        serials.map((serial) => ({
          srcAddr: '192.0.2.1',
          dstAddr: '198.51.100.1',
          srcPort: 40_000,
          dstPort: 443,
          protocol: 6,
          packets: 1,
          bytes: serial,
          firstUptimeMs: header.sysUptimeMs - 100,
          lastUptimeMs: header.sysUptimeMs,
        })),
      )
    }
    const withTemplate = this.#sequence % V9_TEMPLATE_EVERY === 0
    this.#sequence += 1
    const records = serials.map((serial) => {
      const uptime = header.sysUptimeMs
      return ['192.0.2.1', '198.51.100.1', 40_000, 443, 6, serial, 1, uptime - 100, uptime]
    })
    const data = dataSet(V9_TEMPLATE, records)
    return encodeV9Message(
      { ...header, sourceId: domain },
      withTemplate ? [templateSet([V9_TEMPLATE]), data] : [data],
    )
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
