/** Sends datagrams to a local port at an even rate, in bursts of about a millisecond. */

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** The largest burst between two checks of the clock and of the socket's errors. */
const BURST = 64

export interface PacedSending {
  readonly port: number
  readonly count: number
  /** Datagrams per second. */
  readonly rate: number
  readonly datagram: (index: number) => Buffer
  /** Called just before each datagram is sent. */
  readonly onSend?: (index: number) => void
}

/**
 * Sends all datagrams from one socket; as fast as possible if this process cannot reach the rate.
 *
 * @returns the seconds that it took
 */
export async function sendPaced(sending: PacedSending): Promise<number> {
  const { port, count, rate, datagram, onSend } = sending
  const socket = await connect(port)
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  const started = performance.now()
  let sent = 0
  while (sent < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - started) / 1000) * rate))
    const end = Math.min(due, sent + BURST)
    if (sent === end) await sleep(1)
    for (; sent < end; sent++) {
      onSend?.(sent)
      socket.send(datagram(sent))
    }
    await nextTurn()
    if (failure) throw failure
  }
  const seconds = (performance.now() - started) / 1000
  socket.close()
  return seconds
}

async function connect(port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}
