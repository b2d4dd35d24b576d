/**
 * The yardstick for the collector: a process with a socket that only counts datagrams. It reports its
 * port when it listens, and the count when it is asked to end.
 */

import { createSocket } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'

const socket = createSocket('udp4')
let received = 0
socket.on('message', () => {
  received += 1
})
socket.bind(0, '127.0.0.1', () => {
  socket.setRecvBufferSize(Number(process.argv[2]))
  process.send?.({ ports: [socket.address().port] })
})
process.once('SIGTERM', async () => {
  // Like the collector, it first receives all that the kernel holds.
  let before: number
  do {
    before = received
    await nextTurn()
    await nextTurn()
  } while (received !== before)
  process.send?.({ received }, () => process.exit())
})
