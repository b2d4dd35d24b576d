/** The balance of every datagram and record, in SQL and in the metrics, whatever is restarted. */

import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../helpers/free-port.ts'
import { readMetric } from '../helpers/metrics-reader.ts'
import { hex32, set, template, v9MessageOf } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline, startWriterAlone } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import {
  expectBalance,
  nonZero,
  readBalance,
  readTotal,
  totalAfterFinalReports,
} from './balance-questions.ts'

const V5 = { exportVersion: 5, flowsPerDatagram: 3 } as const
const V9 = { exportVersion: 9, flowsPerDatagram: 3, from: '127.0.0.2' } as const

describe('the balance', () => {
  let pipeline: Pipeline
  afterEach(() => pipeline.stop())

  const message = (sequence: number, ...sets: readonly Buffer[]) =>
    v9MessageOf({ sequence }, ...sets)
  const template256 = set(0, template(256, [[1, 4]]))
  const template257 = set(0, template(257, [[1, 4]]))
  const data = (id: number, ...values: readonly number[]) => set(id, ...values.map(hex32))

  it('has every datagram and every record under one outcome, over restarts', async () => {
    const port = await findFreePort()
    const allowed = { EXPORTER_ALLOW: '192.0.2.0/29', METRICS_PORT: String(port) }
    pipeline = await startWriterAlone({ environment: { ...QUICK, ...allowed } })
    pipeline.feed('192.0.2.1', message(0, template256, data(256, 1, 2)), message(1, data(257, 3)))
    pipeline.feed('192.0.2.1', message(2, data(257, 4), data(258, 5)), message(1, data(257, 3)))
    pipeline.feed('192.0.2.1', Buffer.alloc(3, 5), Buffer.alloc(30, 1))
    pipeline.feed('192.0.2.2', message(0, template256, data(256, 1)))
    pipeline.feed('192.0.2.99', message(0, template256), Buffer.alloc(1))
    appendFileSync(pipeline.pipePath, '["no line\n')
    const first = { decoded: 1, held: 2, rejected: 2, duplicates: 1 }
    await expectBalance(pipeline, `exporter = '192.0.2.1'`, {
      received: 6,
      ...first,
      records: 2,
      stored: 2,
    })
    const second = { received: 1, decoded: 1, records: 1, stored: 1 }
    await expectBalance(pipeline, `exporter = '192.0.2.2'`, second)
    await expectBalance(pipeline, `scope = 'not registered'`, {
      received: 3,
      rejected: 2,
      refused: 1,
    })
    await expectBalance(pipeline, `scope = 'total'`, {
      ...{ received: 10, decoded: 2, held: 2, rejected: 4, refused: 1, duplicates: 1 },
      ...{ records: 3, stored: 3 },
    })
    assert.deepEqual(await readMetric(port, 'netflow_writer_datagrams_total', 'outcome'), {
      ...{ decoded: 2, duplicate: 1, rejected: 4, refused: 1 },
    })
    await pipeline.restartWriter('SIGKILL')
    await pipeline.ask(`update exporters set enabled = false where address <> '192.0.2.1'`)
    await until('the exporter is disabled', () =>
      pipeline.logOf('writer').some(({ enabled }) => enabled === false),
    )
    pipeline.feed('192.0.2.1', message(3, template257))
    pipeline.feed('192.0.2.2', message(1, data(256, 2, 3)))
    // Set 258 still waits, so its message is still held.
    const released = { decoded: 3, held: 1, rejected: 2, duplicates: 1, records: 4, stored: 4 }
    await expectBalance(pipeline, `exporter = '192.0.2.1'`, { received: 7, ...released })
    await expectBalance(pipeline, `exporter = '192.0.2.2'`, {
      ...{ received: 2, decoded: 1, refused: 1, records: 3, stored: 1, not_stored: 2 },
    })
    const now = await readBalance(pipeline, `scope = 'total'`)
    assert.deepEqual(await readMetric(port, 'netflow_writer_held_datagrams', ''), { '': 1 })
    assert.deepEqual(await readMetric(port, 'netflow_writer_datagrams_total', 'outcome'), {
      ...{ decoded: 2, refused: 1 },
    })
    const reasons = await pipeline.ask(
      'select outcome, reason, sum(datagrams)::int as n from rejected_datagrams group by 1, 2 order by 1, 2',
    )
    assert.deepEqual(
      reasons.map(({ outcome, reason, n }) => `${outcome} ${reason} ${n}`),
      [
        'refused exporter-disabled 1',
        'refused not-allowed 1',
        'rejected malformed-line 1',
        'rejected too-short 1',
        'rejected unsupported-version 2',
      ],
    )
    await pipeline.restartWriter()
    assert.deepEqual(await readBalance(pipeline, `scope = 'total'`), now)
  })

  it('counts held datagrams of a deleted exporter as expired', async () => {
    pipeline = await startWriterAlone({ environment: QUICK })
    pipeline.feed('192.0.2.1', message(0, data(256, 1), data(257, 2)), message(1, data(256, 3)))
    const held = { received: 2, held: 2 }
    await expectBalance(pipeline, `exporter = '192.0.2.1'`, held)
    await pipeline.ask('delete from exporters')
    await pipeline.restartWriter('SIGKILL')
    await expectBalance(pipeline, `exporter = '192.0.2.1'`, { received: 2, expired: 2 })
    pipeline.feed('192.0.2.1', message(2, template256))
    const again = { received: 3, decoded: 1, expired: 2 }
    await expectBalance(pipeline, `exporter = '192.0.2.1'`, again)
  })

  it('agrees with the metrics and the table after traffic', async () => {
    const port = await findFreePort()
    const writerEnvironment = { METRICS_PORT: String(port) }
    pipeline = await startPipeline({ environment: QUICK, writerEnvironment })
    const v5 = pipeline.makeSender(V5)
    const v9 = pipeline.makeSender(V9)
    await Promise.all([v5.send(500, 1_000), v9.send(500, 1_000)])
    v9.nextMessage()
    await v9.send(50, 500)
    await pipeline.end('collector')
    const flows = v5.sentDatagrams * 3 + v9.sentDatagrams * 3
    await until(
      'all flows',
      async () => (await readBalance(pipeline, `scope = 'total'`))['stored'] === flows,
    )
    const total = await totalAfterFinalReports(pipeline, 1)
    const { collector_received, kernel_dropped, queue_dropped, lost_in_pipe, lost_datagrams } =
      nonZero(total)
    assert.deepEqual(
      { collector_received, kernel_dropped, queue_dropped, lost_in_pipe },
      {
        collector_received: 1_050,
        kernel_dropped: undefined,
        queue_dropped: undefined,
        lost_in_pipe: undefined,
      },
    )
    assert.equal(lost_datagrams, 1)
    assert.equal(total['difference'], '0')
    assert.deepEqual(await readMetric(port, 'netflow_writer_datagrams_total', 'outcome'), {
      decoded: Number(total['decoded']),
    })
    const records = { '5': v5.sentDatagrams * 3, '9': v9.sentDatagrams * 3 }
    assert.deepEqual(
      await readMetric(port, 'netflow_writer_flow_records_total', 'version'),
      records,
    )
    assert.deepEqual(await readMetric(port, 'netflow_writer_rows_committed_total', ''), {
      '': Number(total['stored']),
    })
    const committed = await readMetric(port, 'netflow_writer_batches_committed_total', '')
    assert.deepEqual(await readMetric(port, 'netflow_writer_batch_seconds_count', ''), committed)
    assert.deepEqual(await readMetric(port, 'netflow_writer_commit_seconds_count', ''), committed)
    // The first and the final report, and one for every 10 s that the test takes.
    const [lines] = await pipeline.ask(
      'select datagram_lines::int as datagram, report_lines::int as report from journal_positions',
    )
    assert.ok(Number(lines?.['report']) >= 2)
    assert.equal(lines?.['datagram'], Number(total['received']))
    assert.deepEqual(await readMetric(port, 'netflow_writer_lines_total', 'kind'), lines)
    assert.deepEqual(
      await pipeline.ask(
        `select exporter, stored, (select count(*) from flows where flows.exporter = balance.exporter)
         from balance where scope = 'exporter' order by exporter`,
      ),
      [
        { exporter: '127.0.0.1', stored: '1500', count: '1500' },
        { exporter: '127.0.0.2', stored: '1650', count: '1650' },
      ],
    )
  })

  it('is 0 at every moment while the writer is restarted or killed, and the collector restarted', async () => {
    pipeline = await startPipeline({ environment: QUICK })
    const v5 = pipeline.makeSender(V5)
    const v9 = pipeline.makeSender(V9)
    let isOver = false
    const seen = new Set<unknown>()
    const watching = (async () => {
      while (!isOver) {
        const total = await readTotal(pipeline)
        seen.add(total['difference'])
        await sleep(20)
      }
    })()
    const sending = Promise.all([v5.send(3_000, 600), v9.send(3_000, 600)])
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await sleep(800)
      await pipeline.restartWriter(signal)
      await sleep(800)
      assert.equal(await pipeline.end('collector'), 0)
      await pipeline.startCollector()
    }
    await sending
    await pipeline.end('collector')
    await pipeline.end('writer')
    isOver = true
    await watching
    const total = await readTotal(pipeline)
    assert.deepEqual([...seen], ['0'])
    assert.equal(total['lost_in_pipe'], '0')
    assert.equal(total['received'], total['collector_received'])
    assert.equal(total['decoded'], total['received'])
    const states = await pipeline.ask('select state, read = sent as ok from collector_balance')
    assert.deepEqual(states, Array(3).fill({ state: 'stopped', ok: true }))
  })
})
