/** The place of a collector's reports in the pipe, on which the writer's balance relies. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Collector } from '../../collector/collector.ts'
import { readCollectorSettings } from '../../collector/config.ts'
import type { CollectorReport } from '../../shared/pipe-line.ts'
import { until } from '../helpers/until.ts'
import { DatagramSender } from './datagram-sender.ts'
import { makePipe, makePipePath, openReader } from './pipe-reader.ts'
import { RecordingLogger } from './recording-logger.ts'

it('a report stands directly after the datagrams that it counts, except the dropped ones', async (context) => {
  const path = await makePipePath(context)
  makePipe(path)
  const reader = openReader(context, path)
  const collector = new Collector({
    settings: readCollectorSettings({
      NAMED_PIPE_FILENAME: path,
      NETFLOW_PORT: '0',
      UDP_RECEIVE_BUFFER_BYTES: '2097152',
      COLLECTOR_QUEUE_BYTES: '131072',
    }),
    logger: new RecordingLogger().logger,
    onFatal: (error) => assert.fail(error),
  })
  context.after(() => collector.stop())
  await collector.start()
  const port = collector.status.sockets[0]?.port ?? 0
  const sender = new DatagramSender(context, '127.0.0.1', port)
  await sender.sendNumbered(50, 1_000)
  await until('some are read', () => reader.datagrams.length === 50)
  reader.pause()
  await sender.sendNumbered(400, 1_000)
  await until('the queue is full', () => collector.status.queueDropped > 0)
  reader.resume()
  await sender.sendNumbered(50, 1_000)
  await collector.stop()
  await until('the final report is read', () => reader.finalReport !== undefined)
  assert.ok(reader.reports.length >= 2)
  let datagrams = 0
  for (const line of reader.lines) {
    if (line.startsWith('[')) datagrams += 1
    if (!line.startsWith('{')) continue
    const { received, queueDropped } = JSON.parse(line) as CollectorReport
    assert.equal(datagrams, received - queueDropped)
  }
})
