/** Several pipelines that load into one database at the same time, also from the same exporter. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Pipeline, preparePipeline, QUICK } from '../helpers/pipeline.ts'
import { totalAfterFinalReports } from './balance-questions.ts'

const FLOWS = 3

describe('two pipelines of one database', () => {
  let one: Pipeline
  let other: Pipeline
  before(async () => {
    one = await preparePipeline({ environment: QUICK, migrate: false })
    other = await preparePipeline({ environment: QUICK, databaseUrl: one.databaseUrl })
  })
  after(async () => {
    await other.stop()
    await one.stop()
  })

  const waitForFlows = (flows: number) => one.expectNumber('select count(*)::int from flows', flows)

  it('start at the same instant in an empty database, and each keeps its own account', async () => {
    await Promise.all([one.start(), other.start()])
    const senders = [
      one.makeSender({ exportVersion: 9, flowsPerDatagram: FLOWS }),
      other.makeSender({ exportVersion: 9, flowsPerDatagram: FLOWS }),
      one.makeSender({ exportVersion: 5, flowsPerDatagram: FLOWS, from: '127.0.0.2' }),
      other.makeSender({ exportVersion: 5, flowsPerDatagram: FLOWS, from: '127.0.0.3' }),
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
    await totalAfterFinalReports(one, 2)

    const rows = await one.ask(
      `select host(exporter) as exporter, count(*)::int as rows, count(distinct bytes)::int as different
       from flows group by 1 order by 1`,
    )
    assert.deepEqual(rows, [
      { exporter: '127.0.0.1', rows: 300 * FLOWS, different: 200 * FLOWS },
      { exporter: '127.0.0.2', rows: 300 * FLOWS, different: 300 * FLOWS },
      { exporter: '127.0.0.3', rows: 400 * FLOWS, different: 400 * FLOWS },
    ])
    const streams = await one.ask(
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
    const gaps = await one.ask(
      `select lost::int, (select stored::int from pipeline_balance using_journal
         where using_journal.journal = gap.journal) as stored_by_its_pipeline
       from sequence_gaps as gap`,
    )
    assert.deepEqual(gaps, [{ lost: 1, stored_by_its_pipeline: 400 * FLOWS }])
    const pipelines = await one.ask(
      `select collector_received::int, read::int, stored::int, lost_in_pipe::int, difference::int
       from pipeline_balance order by stored`,
    )
    const exact = { lost_in_pipe: 0, difference: 0 }
    assert.deepEqual(pipelines, [
      { collector_received: 400, read: 400, stored: 400 * FLOWS, ...exact },
      { collector_received: 600, read: 600, stored: 600 * FLOWS, ...exact },
    ])
    const exporters = await one.ask(
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
