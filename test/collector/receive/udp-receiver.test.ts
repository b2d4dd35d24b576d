/** The receiver, with real sockets on loopback. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket, type SocketOptions } from 'node:dgram'
import { it, type TestContext } from 'node:test'
import type { DatagramSink } from '../../../collector/receive/batch-socket.ts'
import { findUdpDescriptor } from '../../../collector/receive/own-sockets.ts'
import { loadSocketCalls, type SocketCalls } from '../../../collector/receive/socket-calls.ts'
import { UdpReceiver, type UdpReceiverOptions } from '../../../collector/receive/udp-receiver.ts'
import { until } from '../../helpers/until.ts'
import { DatagramSender } from '../datagram-sender.ts'
import { RecordingLogger } from '../recording-logger.ts'

interface Received {
  readonly payload: Buffer
  readonly address: string
  readonly port: number
}

const MODES: readonly (readonly [string, SocketCalls | undefined])[] = [
  ['node:dgram', undefined],
  ['recvmmsg', loadSocketCalls()],
]

function sinkOf(push: DatagramSink['push']): DatagramSink {
  return { push, flush: () => {} }
}

function makeReceiver(context: TestContext, options: Partial<UdpReceiverOptions> = {}) {
  const received: Received[] = []
  const recording = new RecordingLogger()
  const receiver = new UdpReceiver({
    host: '::',
    ports: [0],
    receiveBufferBytes: 100_000,
    logger: recording.logger,
    sink: sinkOf(({ buffer, start, end, source }) => {
      const [address, port] = JSON.parse(source.toString().slice(0, -2)) as [string, number]
      received.push({ payload: Buffer.from(buffer.subarray(start, end)), address, port })
    }),
    ...options,
  })
  context.after(() => receiver.stop())
  return { receiver, received, recording }
}

/** Sends by another process while the event loop of this one stands still. */
function sendMeanwhile(port: number, count: number): void {
  const program = `
    const socket = require('node:dgram').createSocket('udp4')
    let left = ${count}
    for (let i = 0; i < ${count}; i += 1) {
      socket.send(Buffer.alloc(100, i), ${port}, '127.0.0.1', () => { if (--left === 0) socket.close() })
    }`
  execFileSync(process.execPath, ['-e', program])
}

/** Makes sockets of which those of IPv6 cannot be bound. */
function failOnIpv6(code: string): typeof createSocket {
  return ((options: SocketOptions) => {
    const socket = createSocket(options)
    if (options.type === 'udp6') {
      socket.bind = () => {
        const error = Object.assign(new Error(`bind ${code}`), { code })
        queueMicrotask(() => socket.emit('error', error))
        return socket
      }
    }
    return socket
  }) as typeof createSocket
}

for (const [mode, calls] of MODES) {
  const skip = mode === 'recvmmsg' && !calls ? 'the C library cannot be called here' : false

  it(`a dual-stack socket receives both families, even the largest datagram (${mode})`, {
    skip,
  }, async (context) => {
    const { receiver, received } = makeReceiver(context, { calls, receiveBufferBytes: 1_000_000 })
    await receiver.start()
    const port = receiver.listening[0]?.port ?? 0
    await new DatagramSender(context, '127.0.0.1', port).send(Buffer.alloc(65_507, 7))
    await new DatagramSender(context, '::1', port).send(Buffer.from('six'))
    await until('both are received', () => received.length === 2)
    assert.deepEqual(received.map(({ address }) => address).sort(), ['127.0.0.1', '::1'])
    assert.equal(receiver.received, 2)
    assert.equal(receiver.receivedBytes, 65_510)
  })

  it(`an empty datagram is a datagram (${mode})`, { skip }, async (context) => {
    const { receiver, received } = makeReceiver(context, { calls })
    await receiver.start()
    const port = receiver.listening[0]?.port ?? 0
    await new DatagramSender(context, '127.0.0.1', port).send(Buffer.alloc(0))
    await until('it is received', () => received.length === 1)
    assert.equal(received[0]?.payload.length, 0)
  })

  it(`IPv4 is received where IPv6 is off (${mode})`, { skip }, async (context) => {
    const makeSocket = failOnIpv6('EAFNOSUPPORT')
    const { receiver, received, recording } = makeReceiver(context, { calls, makeSocket })
    await receiver.start()
    assert.equal(receiver.listening[0]?.address, '0.0.0.0')
    assert.ok(recording.find(/IPv6 is off/))
    const port = receiver.listening[0]?.port ?? 0
    await new DatagramSender(context, '127.0.0.1', port).send(Buffer.from('four'))
    await until('it is received', () => received.length === 1)
    assert.equal(received[0]?.address, '127.0.0.1')
  })

  it(`any other error of IPv6 ends the start: IPv4 alone is not listened on (${mode})`, {
    skip,
  }, async (context) => {
    const { receiver } = makeReceiver(context, { calls, makeSocket: failOnIpv6('EACCES') })
    await assert.rejects(receiver.start(), /no permission to listen on UDP port 0 on ::/)
    assert.deepEqual(receiver.listening, [])
  })

  it(`finishing reads the datagrams that the kernel holds (${mode})`, { skip }, async (context) => {
    const { receiver, received, recording } = makeReceiver(context, {
      calls,
      receiveBufferBytes: 1_000_000,
    })
    await receiver.start()
    const port = receiver.listening[0]?.port ?? 0
    sendMeanwhile(port, 300)
    assert.equal(received.length, 0)
    await receiver.finish(60_000)
    await receiver.stop()
    assert.deepEqual(
      received.map(({ payload }) => payload),
      Array.from({ length: 300 }, (_, index) => Buffer.alloc(100, index)),
    )
    assert.equal(new Set(received.map((datagram) => datagram.port)).size, 1)
    assert.equal(recording.find(/receiving datagrams/)?.['by'], mode)
  })
}

for (const [mode, calls] of MODES) {
  const skip = mode === 'recvmmsg' && !calls ? 'the C library cannot be called here' : false

  it(`finishing reads them all, however slow the machine is (${mode})`, {
    skip,
  }, async (context) => {
    let taken = 0
    const { receiver } = makeReceiver(context, {
      calls,
      receiveBufferBytes: 1_000_000,
      sink: sinkOf(() => {
        // As on a machine that gives this process little time: a second for all.
        const until = performance.now() + 7
        while (performance.now() < until);
        taken += 1
      }),
    })
    await receiver.start()
    sendMeanwhile(receiver.listening[0]?.port ?? 0, 150)
    await receiver.finish(600_000)
    assert.equal(taken, 150)
  })

  it(`finishing ends although datagrams keep coming (${mode})`, { skip }, async (context) => {
    let isFlooded = true
    const { receiver } = makeReceiver(context, {
      calls,
      receiveBufferBytes: 20_000,
      sink: sinkOf(() => {
        if (!isFlooded) return
        for (let copies = 0; copies < 2; copies += 1) void sender.send(Buffer.alloc(10))
      }),
    })
    await receiver.start()
    const sender = new DatagramSender(context, '127.0.0.1', receiver.listening[0]?.port ?? 0)
    await sender.send(Buffer.alloc(10))
    await receiver.finish(600_000)
    isFlooded = false
    assert.ok(receiver.received > 100, `${receiver.received} are fewer than the buffer holds`)
  })
}

it('several ports are listened on, each with its receive buffer', async (context) => {
  const { receiver, recording } = makeReceiver(context, { ports: [0, 0, 0] })
  await receiver.start()
  await receiver.start()
  assert.equal(new Set(receiver.listening.map(({ port }) => port)).size, 3)
  for (const socket of receiver.listening) assert.equal(socket.receiveBufferBytes, 100_000)
  assert.equal(recording.lines.filter(({ msg }) => msg === 'receiving datagrams').length, 3)
  await receiver.stop()
  await receiver.stop()
  assert.equal(receiver.listening.length, 0)
})

it('a warning about a capped receive buffer names the limit to raise', async (context) => {
  const { receiver, recording } = makeReceiver(context, { receiveBufferBytes: 2_000_000_000 })
  await receiver.start()
  const warning = recording.find(/caps the receive buffer/)
  assert.match(warning?.msg ?? '', /sysctl -w \S+=2000000000/)
  assert.equal(warning?.['grantedBytes'], receiver.listening[0]?.receiveBufferBytes)
})

it('a port in use is an error that names the port and closes the others', async (context) => {
  const first = makeReceiver(context).receiver
  await first.start()
  const port = first.listening[0]?.port ?? 0
  const second = makeReceiver(context, { ports: [0, port] }).receiver
  await assert.rejects(second.start(), {
    code: 'CANNOT_LISTEN',
    message: new RegExp(`UDP port ${port} .*is in use.*NETFLOW_PORT`),
  })
  assert.equal(second.listening.length, 0)
})

it('an address of another machine is an error that names the setting', async (context) => {
  const { receiver } = makeReceiver(context, { host: '192.0.2.1' })
  await assert.rejects(receiver.start(), { code: 'CANNOT_LISTEN', message: /NETFLOW_HOST/ })
})

it('IPv4 is received also where a socket of IPv6 would take none by default', {
  skip: loadSocketCalls() ? false : 'the C library cannot be called here',
}, async (context) => {
  const calls = loadSocketCalls()
  const options = { calls, isIpv6Alone: () => true, receiveBufferBytes: 1_000_000 }
  const { receiver, received, recording } = makeReceiver(context, options)
  await receiver.start()
  const { port = 0, address } = receiver.listening[0] ?? {}
  assert.equal(address, '::')
  assert.equal(recording.find(/receiving datagrams/)?.['by'], 'recvmmsg')
  await new DatagramSender(context, '127.0.0.1', port).send(Buffer.from('four'))
  await new DatagramSender(context, '::1', port).send(Buffer.from('six'))
  await until('both are received', () => received.length === 2)
  assert.deepEqual(received.map(({ address: from }) => from).sort(), ['127.0.0.1', '::1'])
  const second = makeReceiver(context, { ...options, ports: [port] }).receiver
  await assert.rejects(second.start(), { code: 'CANNOT_LISTEN', message: /is in use/ })
})

it('a warning says that IPv4 is not received where nothing can be done', async (context) => {
  const { receiver, recording } = makeReceiver(context, { isIpv6Alone: () => true })
  await receiver.start()
  assert.match(recording.find(/receives no IPv4/)?.msg ?? '', /bindv6only is 1.*NETFLOW_HOST/)
})

it('root gets a receive buffer beyond the limit of the system', {
  skip: loadSocketCalls() ? false : 'the C library cannot be called here',
}, async (context) => {
  const calls = loadSocketCalls()
  const options = { calls, receiveBufferBytes: 300_000_000 }
  const { receiver, recording } = makeReceiver(context, options)
  await receiver.start()
  const { port = 0, receiveBufferBytes } = receiver.listening[0] ?? {}
  if (!calls?.forceReceiveBuffer(findUdpDescriptor(port) ?? -1, 300_000_000)) {
    context.skip('this process has no CAP_NET_ADMIN')
    return
  }
  assert.equal(receiveBufferBytes, 300_000_000)
  assert.equal(recording.find(/caps the receive buffer/), undefined)
})
