/** The whole collector within this process, with a real socket and a real pipe. */

import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Collector } from '../../collector/collector.ts'
import { readCollectorSettings } from '../../collector/config.ts'
import { until } from '../helpers/until.ts'
import { DatagramSender } from './datagram-sender.ts'
import { makePipe, makePipePath, openReader } from './pipe-reader.ts'
import { RecordingLogger } from './recording-logger.ts'

function makeCollector(context: TestContext, path: string, drainDeadlineMs: number) {
  const recording = new RecordingLogger()
  const settings = readCollectorSettings({
    NAMED_PIPE_FILENAME: path,
    NETFLOW_PORT: '0',
    UDP_RECEIVE_BUFFER_BYTES: '2097152',
  })
  const collector = new Collector({
    settings,
    logger: recording.logger,
    onFatal: (error) => assert.fail(error),
    drainDeadlineMs,
  })
  context.after(() => collector.stop())
  return { collector, recording }
}

it('a stop with a stalled reader ends at the deadline and logs the datagrams left', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const { collector, recording } = makeCollector(context, path, 100)
  await collector.start()
  const port = collector.status.sockets[0]?.port ?? 0
  await new DatagramSender(context, '127.0.0.1', port).sendNumbered(200, 1000)
  await until('all are received', () => collector.status.received === 200)
  await collector.stop()
  const { received, forwarded, queueDropped, queuedDatagrams } = collector.status
  assert.equal(received, 200)
  assert.equal(forwarded + queueDropped, 200)
  assert.equal(queuedDatagrams, 0)
  assert.ok(forwarded > 0 && queueDropped > 0)
  const error = recording.find(/did not take the queue in time/)
  assert.equal(error?.level, 50)
  assert.equal(error?.['left'], queueDropped)
  assert.equal(error?.['forwarded'], forwarded)
})

it('a stop waits for a slow reader', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const { collector } = makeCollector(context, path, 60_000)
  await collector.start()
  const port = collector.status.sockets[0]?.port ?? 0
  await new DatagramSender(context, '127.0.0.1', port).sendNumbered(200, 1000)
  const stopped = collector.stop()
  await sleep(50)
  const reader = openReader(context, path)
  await stopped
  await until('the final report is read', () => reader.finalReport !== undefined)
  assert.equal(reader.datagrams.length, 200)
  assert.equal(reader.finalReport?.received, 200)
  assert.equal(reader.finalReport?.forwarded, 200)
  assert.equal(reader.finalReport?.queueDropped, 0)
})

it('start and stop may be called twice', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const reader = openReader(context, path)
  const { collector } = makeCollector(context, path, 10_000)
  await collector.start()
  await collector.start()
  assert.equal(collector.status.sockets.length, 1)
  await collector.stop()
  await collector.stop()
  await until('the final report is read', () => reader.finalReport !== undefined)
  assert.equal(reader.reports.filter(({ final }) => final).length, 1)
})
