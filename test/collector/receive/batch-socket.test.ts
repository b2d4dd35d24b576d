/** The batch socket, with real sockets on loopback. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchSocket, type BatchSocketOptions } from '../../../collector/receive/batch-socket.ts'
import { findUdpDescriptor } from '../../../collector/receive/own-sockets.ts'
import { loadSocketCalls } from '../../../collector/receive/socket-calls.ts'
import { until } from '../../helpers/until.ts'
import { DatagramSender } from '../datagram-sender.ts'

const calls = loadSocketCalls()
const skip = calls ? false : 'the C library cannot be called here'

/** Binds a socket by Node and takes it over. `numbers` gets the number of each datagram. */
async function openSocket(context: TestContext, options: Partial<BatchSocketOptions> = {}) {
  assert.ok(calls)
  const node = createSocket('udp4')
  node.bind(0, '127.0.0.1')
  await once(node, 'listening')
  node.setRecvBufferSize(2_000_000)
  const { port } = node.address()
  const numbers: number[] = []
  const socket = BatchSocket.takeOver(node, {
    calls,
    receiveBufferBytes: 2_000_000,
    sink: {
      push: ({ buffer, start }) => numbers.push(buffer.readUInt32BE(start)),
      flush: () => {},
    },
    counts: { datagrams: 0, bytes: 0 },
    onError: (error) => assert.fail(error),
    ...options,
  })
  if (socket) context.after(() => socket.stop())
  else context.after(() => node.close())
  return { node, socket, port, numbers, sender: new DatagramSender(context, '127.0.0.1', port) }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

for (const [buffer, receiveBufferBytes] of [
  ['with pauses', 2_000_000],
  ['without pauses, where the receive buffer is small', 100_000],
] as const) {
  it(`it receives everything in order, ${buffer}`, { skip }, async (context) => {
    const { socket, numbers, sender } = await openSocket(context, { receiveBufferBytes })
    socket?.start()
    socket?.start()
    await sender.sendNumbered(1, 100)
    await until('the first is taken', () => numbers.length === 1)
    await sender.sendNumbered(299, 100, 1)
    await until('the others are taken', () => numbers.length === 300)
    // Long enough that it waits for the next datagram again.
    await sleep(30)
    await sender.sendNumbered(1, 100, 300)
    await until('the last is taken', () => numbers.length === 301)
    assert.deepEqual(numbers, range(301))
  })
}

it('datagrams that come singly are each read at once, and cause no other read', {
  skip,
}, async (context) => {
  assert.ok(calls)
  let reads = 0
  const { socket, numbers, sender } = await openSocket(context, {
    calls: {
      ...calls,
      receiveMessages: (...values) => {
        reads += 1
        return calls.receiveMessages(...values)
      },
    },
  })
  socket?.start()
  for (let number = 0; number < 10; number += 1) {
    await sender.sendNumbered(1, 100, number)
    await until('it is taken', () => numbers.length === number + 1)
    // Longer than any pause.
    await sleep(40)
  }
  assert.equal(reads, 10)
})

it('a burst after silence is taken in order, each turn announced once', {
  skip,
}, async (context) => {
  const turns: number[] = []
  const numbers: number[] = []
  const { socket, sender } = await openSocket(context, {
    sink: {
      push: ({ buffer, start }) => numbers.push(buffer.readUInt32BE(start)),
      flush: () => turns.push(numbers.length),
    },
  })
  socket?.start()
  await sender.sendNumbered(1, 100)
  await until('the first is taken', () => turns.length === 1)
  await sleep(20)
  await sender.sendNumbered(400, 100, 1)
  await until('the burst is taken', () => turns.at(-1) === 401)
  assert.deepEqual(numbers, range(401))
  assert.deepEqual(
    turns,
    [...new Set(turns)].sort((a, b) => a - b),
  )
})

it('a read returns everything that the kernel holds', { skip }, async (context) => {
  const { socket, numbers, sender } = await openSocket(context)
  await sender.sendNumbered(100, 100)
  assert.equal(socket?.read(), 100)
  assert.deepEqual(numbers, range(100))
  assert.equal(socket?.read(), 0)
})

it('a read ends even in a flood', { skip }, async (context) => {
  assert.ok(calls)
  const { socket, numbers } = await openSocket(context, {
    calls: { ...calls, receiveMessages: (_, _memory, count) => count },
  })
  const total = socket?.read() ?? 0
  assert.ok(total > 64)
  assert.equal(numbers.length, total)
})

it('a stop ends the reading even in a flood', { skip }, async (context) => {
  assert.ok(calls)
  const { socket, numbers, sender } = await openSocket(context, {
    calls: { ...calls, receiveMessages: (_, _memory, count) => count },
  })
  socket?.start()
  await sender.sendNumbered(1, 100)
  await until('it has taken much', () => numbers.length > 10_000)
  await socket?.stop()
  await socket?.stop()
  const { length } = numbers
  await sleep(30)
  assert.equal(numbers.length, length)
})

it('an error of the system is reported, and receiving goes on', { skip }, async (context) => {
  assert.ok(calls)
  const errors: Error[] = []
  const { receiveMessages } = calls
  const beganAt = performance.now()
  let failures = 3
  const { socket, numbers, sender } = await openSocket(context, {
    calls: {
      ...calls,
      receiveMessages: (fd, memory, count) => {
        failures -= 1
        return failures >= 0 ? -constants.errno.ENOMEM : receiveMessages(fd, memory, count)
      },
    },
    onError: (error) => errors.push(error),
  })
  socket?.start()
  await sender.sendNumbered(2, 100)
  await until('both are taken', () => numbers.length === 2)
  assert.deepEqual(
    errors.map((error) => (error as NodeJS.ErrnoException).code),
    ['ENOMEM', 'ENOMEM', 'ENOMEM'],
  )
  // Otherwise a lasting error would use a whole core.
  assert.ok(performance.now() - beganAt >= 3 * 45, 'it paused after each error')
})

it('a stop frees the port', { skip }, async (context) => {
  const { socket, port } = await openSocket(context)
  socket?.start()
  assert.notEqual(findUdpDescriptor(port), undefined)
  await socket?.stop()
  const next = createSocket('udp4')
  context.after(() => next.close())
  next.bind(port, '127.0.0.1')
  await once(next, 'listening')
})

for (const [failure, broken] of [
  ['has no free descriptor', { duplicate: () => -constants.errno.EMFILE }],
  ['stamps no times', { enableTimestamps: () => false }],
] as const) {
  it(`where the system ${failure}, the socket stays with Node`, { skip }, async (context) => {
    assert.ok(calls)
    const closed: number[] = []
    const close = (descriptor: number) => {
      closed.push(descriptor)
      calls.close(descriptor)
    }
    const { node, socket, port, sender } = await openSocket(context, {
      calls: { ...calls, close, ...broken },
    })
    assert.equal(socket, undefined)
    assert.equal(closed.length, 'enableTimestamps' in broken ? 1 : 0)
    assert.notEqual(findUdpDescriptor(port), undefined)
    const message = once(node, 'message')
    await sender.sendNumbered(1, 100)
    await message
  })
}
