/** Sends datagrams over loopback, from any of its addresses, as an exporter does. */

import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'

export interface UdpSenderOptions {
  readonly port: number
  /** Where the receiver listens; default 127.0.0.1. */
  readonly to?: string
  /** The source address; default: the system's choice. */
  readonly from?: string
}

export class UdpSender {
  readonly #port: number
  readonly #to: string
  readonly #socket: Socket
  readonly #bound: Promise<void>

  /** Opens a socket with a source port of its own; `close` it. */
  constructor({ port, to = '127.0.0.1', from }: UdpSenderOptions) {
    this.#port = port
    this.#to = to
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4')
    // A closed port answers with an error that belongs to no particular datagram: one is lost.
    socket.on('error', () => {})
    this.#socket = socket
    this.#bound = new Promise((resolve) => {
      if (from === undefined) resolve()
      else socket.bind(0, from, resolve)
    })
  }

  /** Sends one datagram; resolves when the kernel has taken it, or has found the port closed. */
  async send(payload: Buffer): Promise<void> {
    await this.#bound
    return new Promise((resolve, reject) => {
      this.#socket.send(payload, this.#port, this.#to, (error) => {
        if (error && (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') reject(error)
        else resolve()
      })
    })
  }

  /** Sends `count` datagrams at `perSecond`. */
  async sendPaced(count: number, perSecond: number, next: () => Buffer): Promise<void> {
    const started = performance.now()
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, Math.ceil(((performance.now() - started) / 1000) * perSecond))
      const burst: Promise<void>[] = []
      for (; sent < due; sent++) burst.push(this.send(next()))
      await Promise.all(burst)
      if (sent < count) await sleep(2)
    }
  }

  close(): void {
    this.#socket.close()
  }
}

/** Sends datagrams one after the other from an address of the loopback network. */
export async function sendFrom(
  from: string,
  port: number,
  datagrams: readonly Buffer[],
): Promise<void> {
  const sender = new UdpSender({ port, from })
  try {
    for (const datagram of datagrams) await sender.send(datagram)
  } finally {
    sender.close()
  }
}
