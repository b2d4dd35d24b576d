/** The calls of the C library, on real sockets. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findUdpDescriptor } from '../../../collector/receive/own-sockets.ts'
import { loadSocketCalls, type SocketCalls } from '../../../collector/receive/socket-calls.ts'
import { until } from '../../helpers/until.ts'
import { DatagramSender } from '../datagram-sender.ts'

const calls = loadSocketCalls()
const skip = calls ? false : 'the C library cannot be called here'

/** Opens a bound socket that Node has closed on its side. */
async function openSocket(context: TestContext, { duplicate, close }: SocketCalls) {
  const node = createSocket('udp4')
  node.bind(0, '127.0.0.1')
  await once(node, 'listening')
  const { port } = node.address()
  const socketFd = duplicate(findUdpDescriptor(port) ?? -1)
  node.close()
  await once(node, 'close')
  context.after(() => close(socketFd))
  return { port, socketFd }
}

it('errors are numbers below 0', { skip }, () => {
  assert.ok(calls)
  assert.equal(calls.duplicate(-1), -constants.errno.EBADF)
  assert.equal(calls.receiveMessages(-1, Buffer.alloc(64), 1), -constants.errno.EBADF)
  assert.equal(calls.enableTimestamps(-1), false)
})

it('a duplicate keeps the socket open, and holds no datagram at first', {
  skip,
}, async (context) => {
  assert.ok(calls)
  const { port, socketFd } = await openSocket(context, calls)
  assert.equal(findUdpDescriptor(port), socketFd)
  assert.equal(calls.receiveMessages(socketFd, Buffer.alloc(64), 1), 0)
})

it('addresses are written as text', { skip }, () => {
  assert.ok(calls)
  const AF_INET = 2
  const AF_INET6 = 10
  assert.equal(calls.addressText(AF_INET, Buffer.from([192, 0, 2, 7])), '192.0.2.7')
  const six = Buffer.from('20010db8000000000000000000000007', 'hex')
  assert.equal(calls.addressText(AF_INET6, six), '2001:db8::7')
  assert.equal(calls.addressText(0, six), '')
})

it('a started watch reports that there is something to read', {
  skip,
}, async (context) => {
  assert.ok(calls)
  const { port, socketFd } = await openSocket(context, calls)
  let reports = 0
  const watch = calls.watchReadable(socketFd, () => {
    reports += 1
    watch.stop()
  })
  const sender = new DatagramSender(context, '127.0.0.1', port)
  await sender.sendNumbered(1, 10)
  await sleep(20)
  assert.equal(reports, 0, 'it is not started')
  watch.start()
  await until('a report', () => reports === 1)
  await sleep(20)
  assert.equal(reports, 1, 'it is stopped')
  watch.start()
  await until('another report, because nobody has read', () => reports === 2)
  watch.start()
  watch.close()
  await sleep(20)
  assert.equal(reports, 2, 'it is closed')
})
