/** Several pipelines that load into one database at the same time, also from the same exporter. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { until } from '../helpers/until.ts'
import { BalanceHarness, FLOWS } from './balance-harness.ts'

describe('two pipelines of one database', () => {
  let harness: BalanceHarness
  beforeEach(async () => {
    harness = await BalanceHarness.start({ migrate: false })
  })
  afterEach(() => harness.stop())

  async function waitForFlows(flows: number): Promise<void> {
    await until(`${flows} flows`, async () => {
      const [row] = await harness.ask('select count(*)::int as n from flows')
      return row?.['n'] === flows
    })
  }

  it('start at the same instant in an empty database, and each keeps its own account', async () => {
    const [one, other] = [harness.makePipeline(), harness.makePipeline()]
    await Promise.all([one.start(), other.start()])
    const senders = [
      harness.makeSender(one, '127.0.0.1', 9),
      harness.makeSender(other, '127.0.0.1', 9),
      harness.makeSender(one, '127.0.0.2'),
      harness.makeSender(other, '127.0.0.3'),
    ] as const
    const sendAll = (datagrams: number) =>
      Promise.all(senders.map((sender, index) => sender.send(datagrams * (index + 1), 300)))
    await sendAll(50)
    await waitForFlows(500 * FLOWS)
    // The common exporter loses a datagram on its way to one of the two.
    senders[0].nextMessage()
    const sending = sendAll(50)
    await Promise.all([sending, one.restartWriter(), other.restartWriter('SIGKILL')])
    await waitForFlows(1_000 * FLOWS)
    await Promise.all([one.end('collector'), other.end('collector')])
    await harness.totalAfterFinalReports(2)

    const rows = await harness.ask(
      `select host(exporter) as exporter, count(*)::int as rows, count(distinct bytes)::int as different
       from flows group by 1 order by 1`,
    )
    assert.deepEqual(rows, [
      { exporter: '127.0.0.1', rows: 300 * FLOWS, different: 200 * FLOWS },
      { exporter: '127.0.0.2', rows: 300 * FLOWS, different: 300 * FLOWS },
      { exporter: '127.0.0.3', rows: 400 * FLOWS, different: 400 * FLOWS },
    ])
    const streams = await harness.ask(
      `select host(exporter) as exporter, datagrams::int, flow_records::int, lost::int,
         late::int, duplicates::int, restarts::int
       from exporter_streams order by exporter`,
    )
    const clean = { late: 0, duplicates: 0, restarts: 0 }
    assert.deepEqual(streams, [
      { exporter: '127.0.0.1', datagrams: 300, flow_records: 300 * FLOWS, lost: 1, ...clean },
      { exporter: '127.0.0.2', datagrams: 300, flow_records: 300 * FLOWS, lost: 0, ...clean },
      { exporter: '127.0.0.3', datagrams: 400, flow_records: 400 * FLOWS, lost: 0, ...clean },
    ])
    const gaps = await harness.ask(
      `select lost::int, (select stored::int from pipeline_balance using_journal
         where using_journal.journal = gap.journal) as stored_by_its_pipeline
       from sequence_gaps as gap`,
    )
    assert.deepEqual(gaps, [{ lost: 1, stored_by_its_pipeline: 400 * FLOWS }])
    const pipelines = await harness.ask(
      `select collector_received::int, read::int, stored::int, lost_in_pipe::int, difference::int
       from pipeline_balance order by stored`,
    )
    const exact = { lost_in_pipe: 0, difference: 0 }
    assert.deepEqual(pipelines, [
      { collector_received: 400, read: 400, stored: 400 * FLOWS, ...exact },
      { collector_received: 600, read: 600, stored: 600 * FLOWS, ...exact },
    ])
    const exporters = await harness.ask(
      `select host(exporter) as exporter, stored::int, difference::int
       from exporter_balance where stored > 0 order by exporter, stored`,
    )
    assert.deepEqual(
      exporters.map(({ exporter, stored, difference }) => [exporter, stored, difference]),
      [
        ['127.0.0.1', 100 * FLOWS, 0],
        ['127.0.0.1', 200 * FLOWS, 0],
        ['127.0.0.2', 300 * FLOWS, 0],
        ['127.0.0.3', 400 * FLOWS, 0],
      ],
    )
    for (const pipeline of [one, other]) {
      const problems = pipeline.logOf('writer').filter(({ level }) => Number(level) >= 40)
      assert.deepEqual(
        problems.map(({ msg }) => msg),
        pipeline === one ? ['sequence gap: lost in the network'] : [],
      )
    }
  })
})
