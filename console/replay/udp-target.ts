/** Sends datagrams by UDP. The receiver sees this machine as the exporter, and the present time. */

import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import { ReplayError, type ReplayTarget } from './replay-target.ts'

/** Datagrams that are sent at the same time: more could overflow the socket's buffer. */
const IN_FLIGHT = 32

interface UdpPlace {
  readonly host: string
  readonly port: number
}

/** Reads `host:port` or `[address]:port`; undefined when it is neither. */
export function parseUdpPlace(text: string): UdpPlace | undefined {
  const parts = /^(?:\[([0-9a-f:.%]+)\]|([^:\s[\]]+)):(\d{1,5})$/i.exec(text)
  const [, bracketed, plain, digits] = parts ?? []
  const port = Number(digits)
  const host = bracketed ?? plain
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

export class UdpTarget implements ReplayTarget {
  readonly #place: UdpPlace
  #socket: Socket | undefined

  constructor(place: UdpPlace) {
    this.#place = place
  }

  async open(): Promise<void> {
    const { host, port } = this.#place
    try {
      const { address, family } = await lookup(host)
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
      // A closed port causes an error here, too; a later `send` reports it.
      socket.on('error', () => {})
      await new Promise<void>((resolve) => socket.connect(port, address, resolve))
      this.#socket = socket
    } catch (error) {
      throw new ReplayError(`${host}:${port} cannot be reached: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  async send(datagrams: readonly CapturedDatagram[]): Promise<void> {
    for (let at = 0; at < datagrams.length; at += IN_FLIGHT) {
      await Promise.all(datagrams.slice(at, at + IN_FLIGHT).map((one) => this.#send(one.payload)))
    }
  }

  #send(payload: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket?.send(payload, (error) => {
        const code = (error as NodeJS.ErrnoException | null)?.code
        // The system reports a closed port at the next datagram.
        if (!error) resolve()
        else if (code === 'ECONNREFUSED') reject(new ReplayError(this.#describeRefusal()))
        else reject(new ReplayError(`sending failed: ${error.message}`, { cause: error }))
      })
    })
  }

  #describeRefusal(): string {
    const { host, port } = this.#place
    return `nobody listens at ${host}:${port}: start the collector, or name another port`
  }

  async close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()))
  }
}
