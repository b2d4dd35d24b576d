/** The batch of messages, with real sockets, and with invented source addresses of every kind. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { MessageBatch } from '../../../collector/receive/message-batch.ts'
import { findUdpDescriptor } from '../../../collector/receive/own-sockets.ts'
import { loadSocketCalls, type SocketCalls } from '../../../collector/receive/socket-calls.ts'

const calls = loadSocketCalls()
const skip = calls ? false : 'the C library cannot be called here'

async function openSocket(context: TestContext, host: string) {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  context.after(() => socket.close())
  socket.bind(0, host)
  await once(socket, 'listening')
  socket.setRecvBufferSize(4_000_000)
  const { port } = socket.address()
  const descriptor = findUdpDescriptor(port) ?? -1
  assert.equal(calls?.enableTimestamps(descriptor), true)
  return { port, descriptor }
}

/**
 * Sends by another process while the event loop of this one stands still, so that Node reads
 * nothing. The datagram of each size is filled with its index.
 *
 * @returns the source port
 */
function sendSizes(address: string, port: number, sizes: readonly number[]): number {
  const program = `
    const sizes = ${JSON.stringify(sizes)}
    const socket = require('node:dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}')
    let left = sizes.length
    sizes.forEach((size, index) => socket.send(Buffer.alloc(size, index), ${port}, '${address}', () => {
      left -= 1
      if (left > 0) return
      process.stdout.write(String(socket.address().port))
      socket.close()
    }))`
  return Number(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }))
}

/** Reads one batch and copies its datagrams. */
function takeAll(batch: MessageBatch, descriptor: number) {
  const count = batch.receive(descriptor)
  return Array.from({ length: count }, (_, index) => {
    const { buffer, start, end, source } = batch.datagram(index)
    return {
      payload: Buffer.from(buffer.subarray(start, end)),
      source: source.toString('latin1'),
    }
  })
}

const ROUTES = [
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['::', '::1'],
] as const

for (const [host, address] of ROUTES) {
  it(`datagrams to ${address} arrive unchanged at ${host}`, {
    skip,
  }, async (context) => {
    assert.ok(calls)
    const batch = new MessageBatch(calls)
    const { port, descriptor } = await openSocket(context, host)
    assert.deepEqual(takeAll(batch, descriptor), [])
    const sizes = [0, 1, 1464, 65_507, 28, 7]
    const source = `["${address}", ${sendSizes(address, port, sizes)}]]\n`
    const expected = sizes.map((size, index) => ({ payload: Buffer.alloc(size, index), source }))
    assert.deepEqual(takeAll(batch, descriptor), expected)
    assert.deepEqual(takeAll(batch, descriptor), [])
  })
}

it('more than one batch arrives in several, in order and without loss', {
  skip,
}, async (context) => {
  assert.ok(calls)
  const batch = new MessageBatch(calls)
  const { port, descriptor } = await openSocket(context, '::')
  const sizes = Array.from({ length: 200 }, (_, index) => index)
  sendSizes('127.0.0.1', port, sizes)
  const taken: number[] = []
  let rounds = 0
  for (let part = takeAll(batch, descriptor); part.length > 0; part = takeAll(batch, descriptor)) {
    taken.push(...part.map(({ payload }) => payload.length))
    rounds += 1
  }
  assert.deepEqual(taken, sizes)
  assert.ok(rounds > 1)
})

it('the time is that of the arrival in the kernel', { skip }, async (context) => {
  assert.ok(calls)
  const batch = new MessageBatch(calls)
  const { port, descriptor } = await openSocket(context, '::')
  const before = Date.now()
  sendSizes('127.0.0.1', port, [10, 10])
  const after = Date.now()
  // The event loop stands still, so that nobody reads meanwhile.
  while (Date.now() < after + 50);
  assert.equal(batch.receive(descriptor), 2)
  const times = [0, 1].map((index) => {
    const text = batch.datagram(index).time.toString('latin1')
    assert.match(text, /^", \d{10}\.\d{6}, $/)
    return Number(text.slice(3, -2)) * 1000
  })
  const [first = 0, second = 0] = times
  assert.ok(before <= first && first <= second && second <= after + 1, String(times))
})

it('an error of the system has its name as code', { skip }, () => {
  assert.ok(calls)
  const batch = new MessageBatch(calls)
  assert.throws(() => batch.receive(-1), { code: 'EBADF', syscall: 'recvmmsg' })
})

/** Creates a source of batches with one message each: a source address of `names`, no payload. */
function makeNamed(real: SocketCalls, names: readonly string[]): MessageBatch {
  const left = names.map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  const receiveMessages = (_: number, memory: Buffer): number => {
    const name = left.shift() ?? Buffer.alloc(0)
    name.copy(memory, Number(memory.readBigUInt64LE(0) - real.memoryAddress(memory)))
    memory.writeUInt32LE(name.length, 8)
    return 1
  }
  return new MessageBatch({ ...real, receiveMessages })
}

const NAMES = [
  // family 2, port 2055, address, zero
  ['0200 0807 c0000207 0000000000000000', '["192.0.2.7", 2055]]\n'],
  // family 10, port 65535, flowinfo, address, scope
  [`0a00 ffff 00000000 20010db8${'00'.repeat(11)}07 00000000`, '["2001:db8::7", 65535]]\n'],
  [`0a00 0001 00000000 ${'00'.repeat(10)}ffff c0000207 00000000`, '["192.0.2.7", 1]]\n'],
  [`0a00 0001 00000000 fe80${'00'.repeat(13)}01 02000000`, '["fe80::1", 1]]\n'],
  // almost a mapped address
  [`0a00 0001 00000000 ${'00'.repeat(8)}0001ffff c0000207 00000000`, '["::1:ffff:c000:207", 1]]\n'],
] as const

for (const [name, source] of NAMES) {
  it(`a source address is read as ${source.trim()}`, { skip }, () => {
    assert.ok(calls)
    const batch = makeNamed(calls, [name, name])
    assert.equal(takeAll(batch, 0)[0]?.source, source)
    assert.equal(takeAll(batch, 0)[0]?.source, source, 'even from the cache')
  })
}

it('a short source address keeps nothing of a longer one before it', { skip }, () => {
  assert.ok(calls)
  const [[short, source], [long]] = NAMES
  const batch = makeNamed(calls, [long, short, long, short])
  const sources = [0, 1, 2, 3].map(() => takeAll(batch, 0)[0]?.source)
  assert.deepEqual(sources, [NAMES[1][1], source, NAMES[1][1], source])
})

it('no two sources are confused, mapped or not', { skip }, () => {
  assert.ok(calls)
  const hex = (value: number, bytes: number) => value.toString(16).padStart(bytes * 2, '0')
  const byte = fc.integer({ min: 0, max: 255 })
  const source = fc.record({
    address: fc.tuple(byte, byte, byte, byte),
    port: fc.integer({ min: 0, max: 65_535 }),
    isMapped: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(source, { maxLength: 50 }), (sources) => {
      const names = sources.map(({ address, port, isMapped }) => {
        const tail = address.map((value) => hex(value, 1)).join('')
        const mapped = `0a00${hex(port, 2)}00000000${'00'.repeat(10)}ffff${tail}00000000`
        return isMapped ? mapped : `0200${hex(port, 2)}${tail}${'00'.repeat(8)}`
      })
      const batch = makeNamed(calls, names)
      const expected = sources.map(({ address, port }) => `["${address.join('.')}", ${port}]]\n`)
      assert.deepEqual(
        sources.map(() => takeAll(batch, 0)[0]?.source),
        expected,
      )
    }),
    { numRuns: 20 },
  )
})
