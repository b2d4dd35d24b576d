/** The collector's process: real children, real sockets, real pipes, real signals. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { it, type TestContext } from 'node:test'
import { loadSocketCalls } from '../../collector/receive/socket-calls.ts'
import { findFreePort } from '../helpers/free-port.ts'
import { readMetric } from '../helpers/metrics-reader.ts'
import { until } from '../helpers/until.ts'
import { CollectorProcess } from './collector-process.ts'
import { DatagramSender } from './datagram-sender.ts'
import { makePipe, makePipePath, openReader } from './pipe-reader.ts'

/** Starts a collector that is killed after the test. */
async function startCollector(
  context: TestContext,
  settings: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<CollectorProcess> {
  const collector = await CollectorProcess.start(settings, nodeOptions)
  context.after(() => collector.kill())
  return collector
}

async function preparePipe(context: TestContext) {
  const path = await makePipePath(context)
  makePipe(path)
  return { path, reader: openReader(context, path) }
}

const RECEIVED = 'netflow_collector_datagrams_received_total'

/** Without addons, Node cannot call the C library. */
const MODES: readonly (readonly [string, readonly string[]])[] = [
  ['recvmmsg', []],
  ['node:dgram', ['--no-addons']],
]

for (const [mode, nodeOptions] of MODES) {
  it(`datagrams of both families arrive by several ports (${mode})`, async (context) => {
    const { path, reader } = await preparePipe(context)
    const collector = await startCollector(
      context,
      {
        NAMED_PIPE_FILENAME: path,
        NETFLOW_PORT: '0,0',
      },
      nodeOptions,
    )
    await until('the start is logged', () => collector.find(/receiving datagrams/) !== undefined)
    if (loadSocketCalls()) assert.equal(collector.find(/receiving datagrams/)?.['by'], mode)
    const [first, second] = collector.ports
    assert.ok(first !== undefined && second !== undefined && first !== second)
    const before = Date.now() / 1000 - 1
    const large = Buffer.alloc(65_507, 0x5a)
    await new DatagramSender(context, '127.0.0.1', first).send(large)
    await new DatagramSender(context, '::1', second).send(Buffer.from('six'))
    await until('both are read', () => reader.datagrams.length === 2)
    const four = reader.datagrams.find(({ address }) => address === '127.0.0.1')
    const six = reader.datagrams.find(({ address }) => address === '::1')
    assert.deepEqual(four?.payload, large)
    assert.deepEqual(six?.payload, Buffer.from('six'))
    for (const { receivedAt, port } of reader.datagrams) {
      assert.ok(receivedAt > before && receivedAt < Date.now() / 1000 + 1)
      assert.ok(port > 0 && port <= 65_535)
    }
    assert.equal(await collector.stop(), 0)
  })

  it(`with a stalled reader, sent = forwarded + dropped to the datagram (${mode})`, async (context) => {
    const path = await makePipePath(context)
    makePipe(path)
    const metricsPort = await findFreePort()
    const collector = await startCollector(
      context,
      {
        NAMED_PIPE_FILENAME: path,
        COLLECTOR_QUEUE_BYTES: '262144',
        METRICS_PORT: String(metricsPort),
      },
      nodeOptions,
    )
    await new DatagramSender(context, '127.0.0.1', collector.port).sendNumbered(1200, 900)
    await until('the drops are logged', () => collector.find(/queue is full/) !== undefined)
    // A datagram that is still in the socket buffer would find the room that the reader makes.
    const received = async () => (await readMetric(metricsPort, RECEIVED, ''))['']
    await until('all are received', async () => (await received()) === 1200)
    const reader = openReader(context, path)
    await until('the recovery is logged', () => collector.find(/has room again/) !== undefined)
    await new DatagramSender(context, '127.0.0.1', collector.port).sendNumbered(10, 900, 1200)
    assert.equal(await collector.stop(), 0)
    await until('the final report is read', () => reader.finalReport !== undefined)
    const final = reader.finalReport
    assert.equal(final?.received, 1210)
    assert.equal(final?.forwarded, reader.datagrams.length)
    assert.equal((final?.forwarded ?? 0) + (final?.queueDropped ?? 0), 1210)
    assert.ok((final?.queueDropped ?? 0) > 0)
    assert.equal(final?.kernelDropped ?? 0, 0)
    const numbers = reader.datagrams.map(({ payload }) => payload.readUInt32BE())
    const expected = numbers.slice(0, -10).map((_, index) => index)
    assert.deepEqual(numbers.slice(0, -10), expected, 'the oldest are kept in order')
    assert.deepEqual(
      numbers.slice(-10),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n + 1200),
    )
  })

  it(`a signal drains every datagram, even those in the socket buffer (${mode})`, async (context) => {
    const { path, reader } = await preparePipe(context)
    const collector = await startCollector(context, { NAMED_PIPE_FILENAME: path }, nodeOptions)
    const sender = new DatagramSender(context, '127.0.0.1', collector.port)
    // While it is stopped it reads nothing, so that all datagrams are in the socket buffer.
    collector.signal('SIGSTOP')
    await sender.sendNumbered(500, 400)
    collector.signal('SIGINT')
    collector.signal('SIGCONT')
    assert.equal(await collector.exit, 0)
    await until('the final report is read', () => reader.finalReport !== undefined)
    assert.equal(reader.datagrams.length, 500)
    assert.equal(reader.finalReport?.received, 500)
  })

  it(`the drops of the kernel are counted, and the balance adds up (${mode})`, {
    skip: process.platform === 'linux' ? false : 'only Linux counts them by socket',
  }, async (context) => {
    const { path, reader } = await preparePipe(context)
    const collector = await startCollector(
      context,
      {
        NAMED_PIPE_FILENAME: path,
        UDP_RECEIVE_BUFFER_BYTES: '65536',
      },
      nodeOptions,
    )
    const sender = new DatagramSender(context, '127.0.0.1', collector.port)
    collector.signal('SIGSTOP')
    await sender.sendNumbered(1000, 1000)
    collector.signal('SIGCONT')
    await until('the drops are logged', () => collector.find(/kernel dropped/) !== undefined)
    assert.equal(await collector.stop(), 0)
    await until('the final report is read', () => reader.finalReport !== undefined)
    const final = reader.finalReport
    assert.ok((final?.kernelDropped ?? 0) > 0)
    assert.equal((final?.received ?? 0) + (final?.kernelDropped ?? 0), 1000)
    assert.equal(final?.received, final?.forwarded)
    assert.equal(reader.datagrams.length, final?.forwarded)
  })
}

it('the pipe has reports from the start to the end, and they add up', async (context) => {
  const { path, reader } = await preparePipe(context)
  const collector = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  await until('the first report is read', () => reader.reports.length > 0)
  await new DatagramSender(context, '127.0.0.1', collector.port).sendNumbered(50, 500)
  assert.equal(await collector.stop(), 0)
  await until('the final report is read', () => reader.finalReport !== undefined)
  const [first] = reader.reports
  const final = reader.finalReport
  assert.equal(first?.received, 0)
  assert.equal(first?.final, false)
  assert.equal(first?.collector, final?.collector)
  assert.equal(final?.received, 50)
  assert.equal(final?.forwarded, 50)
  assert.equal(final?.queueDropped, 0)
  assert.equal(final?.kernelDropped, process.platform === 'linux' ? 0 : null)
  assert.ok((final?.time ?? 0) >= (final?.startedAt ?? 0))
  assert.equal(reader.datagrams.length, 50)
  assert.ok(reader.lines.at(-1)?.startsWith('{'), 'the final report is the last line')
  assert.equal(reader.bytes[0], 0x0a)
})

it('the settings, a misspelt one, and each socket are logged at the start', async (context) => {
  const { path } = await preparePipe(context)
  const settings = { NAMED_PIPE_FILENAME: path, NETFLOW_PRT: '2055' }
  const collector = await startCollector(context, settings)
  await until('the start is logged', () => collector.find(/receiving datagrams/) !== undefined)
  const shown = collector.find(/^starting$/)?.['settings'] as Record<string, unknown>
  assert.equal(shown['NAMED_PIPE_FILENAME'], path)
  const warning = collector.find(/^NETFLOW_PRT is no setting .* is NETFLOW_PORT meant\?$/)
  assert.equal(warning?.level, 40)
  assert.match(String(warning?.['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  const listening = collector.find(/receiving datagrams/)
  assert.equal(listening?.['port'], collector.port)
  assert.ok(Number(listening?.['receiveBufferBytes']) > 0)
})

it('bad settings end it with exit code 2 and one message', async (context) => {
  const path = await makePipePath(context)
  const collector = CollectorProcess.spawn({
    NAMED_PIPE_FILENAME: path,
    NETFLOW_PORT: 'high',
    METRICS_PORT: '-1',
  })
  context.after(() => collector.kill())
  assert.equal(await collector.exit, 2)
  assert.equal(collector.log.length, 1)
  assert.match(collector.log[0]?.msg ?? '', /NETFLOW_PORT=high.*METRICS_PORT=-1/s)
  assert.equal(collector.log[0]?.level, 60)
})

it('a path that is no pipe ends it with exit code 1', async (context) => {
  const path = await makePipePath(context)
  writeFileSync(path, 'not a pipe')
  const collector = CollectorProcess.spawn({ NAMED_PIPE_FILENAME: path })
  context.after(() => collector.kill())
  assert.equal(await collector.exit, 1)
  assert.match(collector.find(/is not a named pipe/)?.msg ?? '', /NAMED_PIPE_FILENAME/)
})

it('a directory that appears at the path of the pipe ends it as well', async (context) => {
  const path = await makePipePath(context)
  const collector = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  mkdirSync(path)
  assert.equal(await collector.exit, 1)
  assert.ok(collector.find(/is not a named pipe/))
})

it('a port in use ends it with exit code 1 before it touches the pipe', async (context) => {
  const { path, reader } = await preparePipe(context)
  const first = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  await until('the first is at work', () => reader.reports.length > 0)
  const [report] = reader.reports
  const second = CollectorProcess.spawn({
    NAMED_PIPE_FILENAME: path,
    NETFLOW_PORT: String(first.port),
  })
  context.after(() => second.kill())
  assert.equal(await second.exit, 1)
  assert.match(second.log.at(-1)?.msg ?? '', new RegExp(`UDP port ${first.port} .*is in use`))
  // The first one goes on with its reports; the second one would begin with an empty line.
  assert.ok(reader.reports.every(({ collector }) => collector === report?.collector))
  assert.equal(reader.bytes.toString('latin1').split('\n').slice(1, -1).includes(''), false)
})

it('a pipe that appears late gets the datagrams received before', async (context) => {
  const path = await makePipePath(context)
  const collector = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  await new DatagramSender(context, '127.0.0.1', collector.port).sendNumbered(100, 1000)
  makePipe(path)
  const reader = openReader(context, path)
  await until('all are read', () => reader.datagrams.length === 100)
  assert.equal(reader.bytes[0], 0x0a)
  assert.equal(collector.log.filter(({ msg }) => /waiting for the named pipe/.test(msg)).length, 1)
  assert.equal(await collector.stop(), 0)
})

it('readers come and go without harm', async (context) => {
  const { path, reader } = await preparePipe(context)
  const collector = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  const sender = new DatagramSender(context, '127.0.0.1', collector.port)
  await sender.sendNumbered(20, 100)
  await until('the first reader has all', () => reader.datagrams.length === 20)
  reader.close()
  await sender.sendNumbered(20, 100, 20)
  const second = openReader(context, path)
  await until('the second reader has the rest', () => second.datagrams.length === 20)
  assert.equal(second.datagrams[0]?.payload.readUInt32BE(), 20)
  assert.equal(await collector.stop(), 0)
})

it('it stops in good order when its launcher has ended', async (context) => {
  const { path, reader } = await preparePipe(context)
  const collector = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  await new DatagramSender(context, '127.0.0.1', collector.port).sendNumbered(20, 100)
  collector.disconnect()
  assert.equal(await collector.exit, 0)
  await until('the final report is read', () => reader.finalReport !== undefined)
  assert.equal(reader.datagrams.length, 20)
})

it('it ends even when its launcher ended before it began', async (context) => {
  const collector = CollectorProcess.spawn({ NAMED_PIPE_FILENAME: await makePipePath(context) })
  context.after(() => collector.kill())
  collector.disconnect()
  assert.equal(await collector.exit, 0)
})

it('it stops at once when there is no pipe and nothing to forward', async (context) => {
  const path = await makePipePath(context)
  const collector = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  assert.equal(await collector.stop(), 0)
})

it('a killed collector spoils no line of the next one', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const first = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  const reader = openReader(context, path)
  // So that the full pipe ends in the middle of a line.
  reader.pause()
  await new DatagramSender(context, '127.0.0.1', first.port).sendNumbered(100, 3000)
  await first.kill()
  const second = await startCollector(context, { NAMED_PIPE_FILENAME: path })
  reader.resume()
  await new DatagramSender(context, '127.0.0.1', second.port).send(Buffer.from('after'))
  await until('the new line is read', () => reader.lines.some((line) => line.includes('YWZ0ZXI=')))
  const line = reader.lines.find((text) => text.includes('YWZ0ZXI='))
  assert.match(line ?? '', /^\["YWZ0ZXI=", [\d.]+, \["127.0.0.1", \d+\]\]$/)
})
