import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase, startTestServer, type TestDatabase } from '../helpers/database.ts'
import { FlowSender } from '../helpers/flow-sender.ts'
import { queryRows, startPipeline } from '../helpers/pipeline.ts'
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

/** Two exporters, v5 and v9, that number their flows. */
function makeSenders(port: number) {
  return {
    v5: new FlowSender({ port, exportVersion: 5, flowsPerDatagram: 5 }),
    v9: new FlowSender({ port, exportVersion: 9, flowsPerDatagram: 5, from: '127.0.0.2' }),
  }
}

async function waitForRows(url: string, rows: number, deadlineMs?: number) {
  return until(
    `${rows} rows`,
    async () => {
      const [stored] = await queryRows(url, STORED)
      return Number(stored?.['rows']) >= rows && stored
    },
    deadlineMs,
  )
}

describe('a pipeline under traffic', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  it('loses no datagram when the writer is restarted three times at 2,000 datagrams/s', async () => {
    const { url } = database
    const pipeline = await startPipeline({ databaseUrl: url })
    const { v5, v9 } = makeSenders(pipeline.port)
    try {
      const sending = Promise.all([v5.send(6_000, 1_000), v9.send(6_000, 1_000)])
      for (let restart = 0; restart < 3; restart++) {
        await sleep(1_200)
        assert.equal(await pipeline.restartWriter(), 0)
      }
      await sending
      const stored = await waitForRows(url, v5.sentFlows + v9.sentFlows)
      assert.deepEqual(stored, { rows: 60_000, distinct: 60_000, v5: 30_000, v9: 30_000 })
      await pipeline.stop()
      const [ledger] = await queryRows(url, LEDGER)
      assert.deepEqual(ledger, { lost: 0, duplicates: 0, late: 0, restarts: 0 })
      assert.deepEqual(await queryRows(url, 'select * from sequence_gaps'), [])
    } finally {
      v5.close()
      v9.close()
      await pipeline.stop()
    }
  })
})

describe('a pipeline whose collector is restarted', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  it('accounts for every datagram: stored, or lost before the collector and declared', async () => {
    const { url } = database
    const pipeline = await startPipeline({ databaseUrl: url })
    const v5 = new FlowSender({ port: pipeline.port, exportVersion: 5, flowsPerDatagram: 5 })
    try {
      const sending = v5.send(6_000, 1_500)
      await sleep(1_000)
      assert.equal(await pipeline.end('collector'), 0)
      await sleep(300)
      await pipeline.startCollector()
      await sending
      await sleep(300)
      await pipeline.stop()
      const [reports] = await queryRows(url, REPORTS)
      const [stored] = await queryRows(url, STORED)
      const [ledger] = await queryRows(url, LEDGER)
      const { received, forwarded, dropped, kernel, starts, finals } = reports ?? {}
      assert.deepEqual(
        { starts, finals, dropped, kernel },
        { starts: 2, finals: 2, dropped: 0, kernel: 0 },
      )
      assert.equal(forwarded, received)
      assert.equal(stored?.['rows'], Number(forwarded) * 5)
      assert.equal(stored?.['distinct'], stored?.['rows'])
      assert.ok(Number(ledger?.['lost']) > 0, 'nothing was sent while the collector was away')
      assert.equal(Number(stored?.['rows']) + Number(ledger?.['lost']), v5.sentFlows)
    } finally {
      v5.close()
      await pipeline.stop()
    }
  })
})

describe('a pipeline whose database goes away', () => {
  it('stores every row once when PostgreSQL was stopped for 20 s under traffic', async () => {
    const server = await startTestServer()
    const pipeline = await startPipeline({ databaseUrl: server.url })
    const { v5, v9 } = makeSenders(pipeline.port)
    try {
      const sending = Promise.all([v5.send(12_000, 500), v9.send(12_000, 500)])
      await sleep(2_000)
      await server.stop('fast')
      await sleep(20_000)
      await server.restart()
      await sending
      const stored = await waitForRows(server.url, v5.sentFlows + v9.sentFlows, 60_000)
      assert.deepEqual(stored, { rows: 120_000, distinct: 120_000, v5: 60_000, v9: 60_000 })
      await pipeline.stop()
      const [ledger] = await queryRows(server.url, LEDGER)
      assert.deepEqual(ledger, { lost: 0, duplicates: 0, late: 0, restarts: 0 })
    } finally {
      v5.close()
      v9.close()
      await pipeline.stop()
      await server.stop('fast')
    }
  })
})

describe('a pipeline whose writer stands still', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  it('counts exactly what the full queue of the collector drops', async () => {
    const { url } = database
    const pipeline = await startPipeline({
      databaseUrl: url,
      environment: { COLLECTOR_QUEUE_BYTES: '262144' },
    })
    const v5 = new FlowSender({ port: pipeline.port, exportVersion: 5, flowsPerDatagram: 30 })
    try {
      await v5.send(100, 1_000)
      await waitForRows(url, 3_000)
      const { writer } = pipeline
      writer.kill('SIGSTOP')
      after(() => writer.kill('SIGCONT'))
      await v5.send(1_000, 1_000)
      await sleep(500)
      writer.kill('SIGCONT')
      await sleep(500)
      await v5.send(100, 1_000)
      await sleep(1_000)
      await pipeline.stop()
      const [reports] = await queryRows(url, REPORTS)
      const [stored] = await queryRows(url, STORED)
      const [ledger] = await queryRows(url, LEDGER)
      const { received, forwarded, dropped, kernel } = reports ?? {}
      assert.equal(Number(received) + Number(kernel), v5.sentDatagrams)
      assert.equal(Number(forwarded) + Number(dropped), received)
      assert.ok(Number(dropped) > 100, 'the queue did not overflow')
      assert.equal(stored?.['rows'], Number(forwarded) * 30)
      assert.equal(stored?.['distinct'], stored?.['rows'])
      assert.equal(Number(ledger?.['lost']), (Number(dropped) + Number(kernel)) * 30)
      const [balance] = await queryRows(
        url,
        `select collector_received::int as received, queue_dropped::int as dropped,
           lost_in_pipe::int, difference::int
         from balance where scope = 'total'`,
      )
      assert.deepEqual(balance, { received, dropped, lost_in_pipe: 0, difference: 0 })
    } finally {
      v5.close()
      await pipeline.stop()
    }
  })
})
