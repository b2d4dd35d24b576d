/** Exporters that send templates, options and data without end cost the others nothing. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readMemory } from '../bench/measure/process-usage.ts'
import {
  optionsFlood,
  templateFlood,
  unknownDataFlood,
  validMessage,
} from '../helpers/hostile-datagrams.ts'
import { startPipeline } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import { UdpSender } from '../helpers/udp-sender.ts'
import { totalAfterFinalReports } from './balance-questions.ts'

const FLOWS = 3
const SOURCES = 40
const DATAGRAMS = 12_000
const PER_SECOND = 4_000
/** Far above the usual 150 MB, far below the growth without bounds. */
const MAX_GROWN_BYTES = 500e6
const KINDS = [templateFlood, templateFlood, optionsFlood, unknownDataFlood, validMessage]

/** Sends every kind of flood from many addresses. */
async function flood(port: number): Promise<void> {
  const random = new Random(7)
  const sources = Array.from({ length: SOURCES }, (_, index) => {
    return new UdpSender({ port, from: `127.66.${index % 7}.${1 + index}` })
  })
  const next = () => random.pick(KINDS)(random)
  await Promise.all(
    sources.map((source) => source.sendPaced(DATAGRAMS / SOURCES, PER_SECOND / SOURCES, next)),
  )
  for (const source of sources) source.close()
}

describe('hostile exporters', () => {
  it('fill neither memory nor log, and a well-behaved exporter loses nothing', async (context) => {
    const pipeline = await startPipeline()
    context.after(() => pipeline.stop())
    const sender = pipeline.makeSender({ exportVersion: 9, flowsPerDatagram: FLOWS })
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
    const total = await totalAfterFinalReports(pipeline, 1)
    const [good] = await pipeline.ask(
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
    const [held] = await pipeline.ask('select count(*)::int as sets from held_sets')
    const [templates] = await pipeline.ask('select count(*)::int as n from templates')
    const megabytes = ((peak - before) / 1e6).toFixed(0)
    context.diagnostic(
      `grown by ${megabytes} MB at most; ${templates?.['n']} templates, ${held?.['sets']} held ` +
        `sets, ${lines} lines of log; ${total['kernel_dropped']} dropped by the kernel`,
    )
    assert.ok(peak - before < MAX_GROWN_BYTES, `grown by ${megabytes} MB`)
    assert.ok(lines < 1_000, `${lines} lines in the log`)
  })
})
