/** Sends datagrams to a port of this machine at an even rate, in bursts of a millisecond. */

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** So many at most between two looks at the clock and at the socket's errors. */
const BURST = 64

export interface PacedSending {
  readonly port: number
  readonly count: number
  /** Datagrams a second. */
  readonly rate: number
  readonly datagram: (index: number) => Buffer
  /** Told of each datagram just before it is sent. */
  readonly onSend?: (index: number) => void
}

/**
 * Sends all of them from one socket; when the rate is too high for this process, as fast as it can.
 *
 * @returns how many seconds it took
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
