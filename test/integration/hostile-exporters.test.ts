/** What exporters that send templates, options and data without end cost everybody else: nothing. */

import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMemory } from '../bench/measure/process-usage.ts'
import {
  optionsFlood,
  templateFlood,
  unknownDataFlood,
  validMessage,
} from '../helpers/hostile-datagrams.ts'
import { Random } from '../helpers/random.ts'
import { until } from '../helpers/until.ts'
import { BalanceHarness, FLOWS } from './balance-harness.ts'

const SOURCES = 40
const DATAGRAMS = 12_000
const PER_SECOND = 4_000
/** Far above what it takes (about 150), far below what it would be without bounds. */
const MAX_GROWN_BYTES = 500e6
const KINDS = [templateFlood, templateFlood, optionsFlood, unknownDataFlood, validMessage]

async function bindSource(index: number): Promise<Socket> {
  const socket = createSocket('udp4')
  const address = `127.66.${index % 7}.${1 + index}`
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  return socket
}

/** Sends every kind of flood from many addresses. */
async function flood(port: number): Promise<void> {
  const random = new Random(7)
  const sockets = await Promise.all(
    Array.from({ length: SOURCES }, (_, index) => bindSource(index)),
  )
  const started = performance.now()
  for (let sent = 0; sent < DATAGRAMS; ) {
    const due = Math.min(DATAGRAMS, ((performance.now() - started) / 1_000) * PER_SECOND)
    for (; sent < due; sent++) {
      random.pick(sockets).send(random.pick(KINDS)(random), port, '127.0.0.1')
    }
    await sleep(2)
  }
  for (const socket of sockets) socket.close()
}

describe('hostile exporters', () => {
  let harness: BalanceHarness
  beforeEach(async () => {
    harness = await BalanceHarness.start()
  })
  afterEach(() => harness.stop())

  it('fill neither memory nor log, and a well-behaved exporter loses nothing', async (context) => {
    const pipeline = await harness.startPipeline()
    const sender = harness.makeSender(pipeline, '127.0.0.1', 9)
    await sender.send(50, 500)
    const pid = pipeline.writer.pid ?? 0
    const before = readMemory(pid)?.rssBytes ?? 0
    let isOver = false
    const sending = (async () => {
      while (!isOver) await sender.send(50, 500)
    })()
    await flood(pipeline.port)
    isOver = true
    await sending
    await sender.send(50, 100)
    await pipeline.end('collector')
    const total = await until(
      'the final report',
      async () => {
        const [row] = await harness.ask('select final from collector_reports')
        return row?.['final'] === true && harness.total()
      },
      120_000,
    )
    const [good] = await harness.ask(
      `select count(*)::int as rows, count(distinct bytes)::int as distinct,
         (select lost::int from exporter_streams where exporter = '127.0.0.1') as lost
       from flows where exporter = '127.0.0.1'`,
    )
    const { rows, distinct, lost } = good ?? {}
    // v9 counts datagrams; the kernel may drop some of a flood, and of others with it.
    assert.equal(rows, (sender.sentDatagrams - Number(lost)) * FLOWS)
    assert.equal(distinct, rows)
    assert.ok(Number(lost) <= Number(total['kernel_dropped']), `${lost} lost`)
    assert.equal(total['difference'], '0')
    assert.equal(total['lost_in_pipe'], '0')
    const peak = readMemory(pid)?.peakRssBytes ?? 0
    const lines = pipeline.logOf('writer').length
    const [held] = await harness.ask('select count(*)::int as sets from held_sets')
    const [templates] = await harness.ask('select count(*)::int as n from templates')
    const megabytes = ((peak - before) / 1e6).toFixed(0)
    context.diagnostic(
      `grown by ${megabytes} MB at most; ${templates?.['n']} templates, ${held?.['sets']} held ` +
        `sets, ${lines} lines of log; ${total['kernel_dropped']} dropped by the kernel`,
    )
    assert.ok(peak - before < MAX_GROWN_BYTES, `grown by ${megabytes} MB`)
    assert.ok(lines < 1_000, `${lines} lines in the log`)
  })
})
