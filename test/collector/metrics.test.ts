/** The collector's metrics and health, read from a status. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { CollectorStatus } from '../../collector/collector.ts'
import { judgeHealth } from '../../collector/health.ts'
import { createCollectorRegistry } from '../../collector/metrics.ts'

const STATUS: CollectorStatus = {
  received: 10,
  receivedBytes: 1000,
  forwarded: 6,
  queueDropped: 3,
  kernelDropped: 2,
  queuedDatagrams: 1,
  queuedBytes: 140,
  sockets: [{ address: '::', port: 2055, receiveBufferBytes: 4096 }],
  isPipeOpen: true,
}

async function readSamples(read: () => CollectorStatus): Promise<Map<string, number>> {
  const text = await createCollectorRegistry(read).metrics()
  const samples = text.split('\n').filter((line) => line.startsWith('netflow_collector_'))
  return new Map(
    samples.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

it('every count of the status is a metric', async () => {
  assert.deepEqual(Object.fromEntries(await readSamples(() => STATUS)), {
    netflow_collector_datagrams_received_total: 10,
    netflow_collector_received_bytes_total: 1000,
    netflow_collector_datagrams_forwarded_total: 6,
    netflow_collector_datagrams_queue_dropped_total: 3,
    netflow_collector_datagrams_kernel_dropped_total: 2,
    netflow_collector_queue_bytes: 140,
    netflow_collector_queue_datagrams: 1,
    'netflow_collector_receive_buffer_bytes{address="::",port="2055"}': 4096,
  })
})

it('metrics follow the status, and two reads count nothing twice', async () => {
  let received = 5
  const registry = createCollectorRegistry(() => ({ ...STATUS, received }))
  await registry.metrics()
  received = 7
  assert.match(await registry.metrics(), /^netflow_collector_datagrams_received_total 7$/m)
})

it('a count that the kernel does not report is no metric', async () => {
  const samples = await readSamples(() => ({ ...STATUS, kernelDropped: null }))
  assert.equal(samples.has('netflow_collector_datagrams_kernel_dropped_total'), false)
})

it('it is healthy while sockets listen and the pipe is open; else it names what is missing', () => {
  assert.equal(judgeHealth(STATUS, '/run/pipe').healthy, true)
  const unwell = judgeHealth({ ...STATUS, sockets: [], isPipeOpen: false }, '/run/pipe')
  assert.equal(unwell.healthy, false)
  assert.match(JSON.stringify(unwell.detail), /no socket listens.*\/run\/pipe is not open/)
})
