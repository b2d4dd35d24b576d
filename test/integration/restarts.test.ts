/** A pipeline under traffic while its writer, its collector or its database is away for a while. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Pipeline, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

const STORED = `
  select count(*)::int as rows, count(distinct (exporter, bytes))::int as distinct,
    count(*) filter (where exporter = '127.0.0.1')::int as v5,
    count(*) filter (where exporter = '127.0.0.2')::int as v9
  from flows`
const LEDGER = `
  select coalesce(sum(lost), 0)::int as lost, coalesce(sum(duplicates), 0)::int as duplicates,
    coalesce(sum(late), 0)::int as late, coalesce(sum(restarts), 0)::int as restarts
  from exporter_streams`
const REPORTS = `
  select coalesce(sum(received), 0)::int as received, coalesce(sum(forwarded), 0)::int as forwarded,
    coalesce(sum(queue_dropped), 0)::int as dropped, coalesce(sum(kernel_dropped), 0)::int as kernel,
    count(*)::int as starts, count(*) filter (where final)::int as finals
  from collector_reports`
const NO_LOSS = { lost: 0, duplicates: 0, late: 0, restarts: 0 }

const V5 = { exportVersion: 5, flowsPerDatagram: 5 } as const
const V9 = { exportVersion: 9, flowsPerDatagram: 5, from: '127.0.0.2' } as const

async function waitForRows(pipeline: Pipeline, rows: number, deadlineMs?: number) {
  return until(
    `${rows} rows`,
    async () => {
      const [stored] = await pipeline.ask(STORED)
      return Number(stored?.['rows']) >= rows && stored
    },
    deadlineMs,
  )
}

describe('a pipeline under traffic', () => {
  it('loses no datagram when the writer is restarted three times at 2,000 datagrams/s', async (context) => {
    const pipeline = await startPipeline()
    context.after(() => pipeline.stop())
    const [v5, v9] = [pipeline.makeSender(V5), pipeline.makeSender(V9)]
    const sending = Promise.all([v5.send(6_000, 1_000), v9.send(6_000, 1_000)])
    for (let restart = 0; restart < 3; restart++) {
      await sleep(1_200)
      assert.equal(await pipeline.restartWriter(), 0)
    }
    await sending
    const stored = await waitForRows(pipeline, v5.sentFlows + v9.sentFlows)
    assert.deepEqual(stored, { rows: 60_000, distinct: 60_000, v5: 30_000, v9: 30_000 })
    await pipeline.finish()
    assert.deepEqual(await pipeline.ask(LEDGER), [NO_LOSS])
    assert.deepEqual(await pipeline.ask('select * from sequence_gaps'), [])
  })
})

describe('a pipeline whose collector is restarted', () => {
  it('accounts for every datagram: stored, or lost before the collector and declared', async (context) => {
    const pipeline = await startPipeline()
    context.after(() => pipeline.stop())
    const v5 = pipeline.makeSender(V5)
    const sending = v5.send(3_000, 1_500)
    await sleep(1_000)
    assert.equal(await pipeline.end('collector'), 0)
    await sending
    // These reach no socket, however long the collector took to end.
    await v5.send(500, 1_500)
    await pipeline.startCollector()
    await v5.send(2_500, 1_500)
    await pipeline.finish()
    const [reports] = await pipeline.ask(REPORTS)
    const [stored] = await pipeline.ask(STORED)
    const [ledger] = await pipeline.ask(LEDGER)
    const { received, forwarded, dropped, kernel, starts, finals } = reports ?? {}
    assert.deepEqual(
      { starts, finals, dropped, kernel },
      { starts: 2, finals: 2, dropped: 0, kernel: 0 },
    )
    assert.equal(forwarded, received)
    assert.equal(stored?.['rows'], Number(forwarded) * 5)
    assert.equal(stored?.['distinct'], stored?.['rows'])
    assert.ok(Number(ledger?.['lost']) >= 500 * 5, 'the datagrams without a socket are lost')
    assert.equal(Number(stored?.['rows']) + Number(ledger?.['lost']), v5.sentFlows)
  })
})

describe('a pipeline whose database goes away', () => {
  it('stores every row once when PostgreSQL was stopped for 20 s under traffic', async (context) => {
    const pipeline = await startPipeline({ ownServer: true })
    context.after(() => pipeline.stop())
    const [v5, v9] = [pipeline.makeSender(V5), pipeline.makeSender(V9)]
    const sending = Promise.all([v5.send(12_000, 500), v9.send(12_000, 500)])
    await sleep(2_000)
    await pipeline.server.stop('fast')
    await sleep(20_000)
    await pipeline.server.restart()
    await sending
    const stored = await waitForRows(pipeline, v5.sentFlows + v9.sentFlows, 60_000)
    assert.deepEqual(stored, { rows: 120_000, distinct: 120_000, v5: 60_000, v9: 60_000 })
    await pipeline.finish()
    assert.deepEqual(await pipeline.ask(LEDGER), [NO_LOSS])
  })
})

describe('a pipeline whose writer is frozen', () => {
  it('counts exactly what the full queue of the collector drops', async (context) => {
    const pipeline = await startPipeline({ environment: { COLLECTOR_QUEUE_BYTES: '262144' } })
    context.after(() => pipeline.stop())
    const v5 = pipeline.makeSender({ exportVersion: 5, flowsPerDatagram: 30 })
    await v5.send(100, 1_000)
    await waitForRows(pipeline, 3_000)
    pipeline.writer.kill('SIGSTOP')
    const queueIsFull = () => collectorSays(pipeline, /queue is full/)
    const queueHasRoom = () => collectorSays(pipeline, /has room again/)
    try {
      await v5.send(1_000, 1_000)
      await until('the queue of the collector is full', queueIsFull)
    } finally {
      pipeline.writer.kill('SIGCONT')
    }
    await until('the queue has room again', queueHasRoom)
    await v5.send(100, 1_000)
    await pipeline.finish()
    const [reports] = await pipeline.ask(REPORTS)
    const [stored] = await pipeline.ask(STORED)
    const [ledger] = await pipeline.ask(LEDGER)
    const { received, forwarded, dropped, kernel } = reports ?? {}
    assert.equal(Number(received) + Number(kernel), v5.sentDatagrams)
    assert.equal(Number(forwarded) + Number(dropped), received)
    assert.ok(Number(dropped) > 100, 'the queue did not overflow')
    assert.equal(stored?.['rows'], Number(forwarded) * 30)
    assert.equal(stored?.['distinct'], stored?.['rows'])
    assert.equal(Number(ledger?.['lost']), (Number(dropped) + Number(kernel)) * 30)
    const balance = await pipeline.ask(
      `select collector_received::int as received, queue_dropped::int as dropped,
         lost_in_pipe::int, difference::int
       from balance where scope = 'total'`,
    )
    assert.deepEqual(balance, [{ received, dropped, lost_in_pipe: 0, difference: 0 }])
  })
})

function collectorSays(pipeline: Pipeline, text: RegExp): boolean {
  return pipeline.logOf('collector').some(({ msg }) => text.test(String(msg)))
}
