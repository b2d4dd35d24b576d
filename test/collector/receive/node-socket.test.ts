/** Receiving by Node's own events, on loopback. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { it } from 'node:test'
import { NodeSocket } from '../../../collector/receive/node-socket.ts'
import { until } from '../../helpers/until.ts'
import { DatagramSender } from '../datagram-sender.ts'

it('each datagram has its time and source, until the socket is stopped', async (context) => {
  const node = createSocket('udp6')
  node.bind(0, '::')
  await once(node, 'listening')
  const { port } = node.address()
  const received: { bytes: number; time: string; source: string }[] = []
  const socket = new NodeSocket(node, {
    sink: {
      push: ({ start, end, time, source }) =>
        received.push({
          bytes: end - start,
          time: time.toString('latin1'),
          source: source.toString('latin1'),
        }),
      flush: () => {},
    },
    counts: { datagrams: 0, bytes: 0 },
    onError: (error) => assert.fail(error),
  })
  socket.start()
  const before = Date.now()
  await new DatagramSender(context, '127.0.0.1', port).sendNumbered(3, 100)
  await new DatagramSender(context, '::1', port).sendNumbered(1, 200)
  await until('all are received', () => received.length === 4)
  const after = Date.now()
  assert.deepEqual(
    received.map(({ bytes }) => bytes),
    [100, 100, 100, 200],
  )
  for (const { time } of received) {
    assert.match(time, /^", \d{10}\.\d{6}, $/)
    const timeMs = Number(time.slice(3, -2)) * 1000
    assert.ok(timeMs >= before - 0.01 && timeMs < after + 1, `${before} ${timeMs} ${after}`)
  }
  const sources = received.map(({ source }) => source)
  assert.match(sources[0] ?? '', /^\["127\.0\.0\.1", \d+\]\]\n$/)
  assert.deepEqual(sources.slice(1, 3), [sources[0], sources[0]])
  assert.match(sources[3] ?? '', /^\["::1", \d+\]\]\n$/)
  await socket.stop()
  assert.throws(() => node.address())
})
