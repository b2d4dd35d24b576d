/** The balance when something goes wrong between a collector and the table. */

import assert from 'node:assert/strict'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { afterEach, describe, it } from 'node:test'
import {
  type Pipeline,
  type PipelineOptions,
  preparePipeline,
  QUICK,
  startPipeline,
} from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { expectBalance, totalAfterFinalReports } from './balance-questions.ts'

const FLOWS = { exportVersion: 5, flowsPerDatagram: 3 } as const

describe('the balance', () => {
  const pipelines: Pipeline[] = []
  afterEach(async () => {
    for (const pipeline of pipelines.splice(0).reverse()) await pipeline.stop()
  })

  async function start(options: PipelineOptions = {}): Promise<Pipeline> {
    const pipeline = await startPipeline({ environment: QUICK, ...options })
    pipelines.push(pipeline)
    return pipeline
  }

  const total = `scope = 'total'`
  const stored = (datagrams: number) => ({
    ...{ received: datagrams, decoded: datagrams, records: datagrams * 3, stored: datagrams * 3 },
  })

  it('shows datagrams that somebody takes out of the pipe', async () => {
    const pipeline = await start({ exemptFromBalance: 'datagrams are stolen from the pipe' })
    const v5 = pipeline.makeSender(FLOWS)
    await v5.send(20, 500)
    await expectBalance(pipeline, total, stored(20))
    await pipeline.end('writer')
    await v5.send(20, 500)
    const thief = openSync(pipeline.pipePath, constants.O_RDONLY | constants.O_NONBLOCK)
    const stolen = Buffer.alloc(1_000)
    const length = await until('there is something to steal', () => readAvailable(thief, stolen))
    closeSync(thief)
    const lines = stolen.subarray(0, length).toString('latin1').split('\n').length
    await pipeline.startWriter()
    await pipeline.end('collector')
    const after = await totalAfterFinalReports(pipeline, 1)
    assert.ok(lines > 1)
    const missing = Number(after['lost_in_pipe'])
    // The line that is cut is a malformed one.
    assert.equal(missing, lines - 1)
    assert.equal(Number(after['difference']), missing)
    assert.equal(Number(after['received']), 40 - missing)
  })

  it('shows a line that comes twice', async () => {
    const pipeline = await start({ exemptFromBalance: 'a stranger writes into the pipe' })
    const v5 = pipeline.makeSender(FLOWS)
    await v5.send(20, 500)
    // A collector may open the pipe later than the writer; a line before its first report is not
    // compared with what it has sent.
    await expectBalance(pipeline, total, stored(20))
    pipeline.feed('127.0.0.1', v5.nextMessage())
    await pipeline.end('collector')
    await expectBalance(pipeline, total, { ...stored(21), difference: 1 })
  })

  it('shows rows that the database swallows', async () => {
    const pipeline = await start({ exemptFromBalance: 'a trigger swallows rows' })
    await pipeline.ask(
      `create function swallow() returns trigger language plpgsql as
         $$ begin return case when new.bytes % 3 = 0 then null else new end; end $$;
       create trigger swallow before insert on flows for each row execute function swallow()`,
    )
    await pipeline.makeSender(FLOWS).send(20, 500)
    await expectBalance(pipeline, total, { ...stored(20), difference: 20 })
  })

  it('counts rows that the database refuses as parked', async () => {
    const pipeline = await start()
    await pipeline.ask(`alter table flows add constraint small check (bytes is null or bytes <> 7)`)
    await pipeline.makeSender(FLOWS).send(20, 500)
    await expectBalance(pipeline, total, { ...stored(20), stored: 59, parked: 1 })
  })

  it('does not claim to know what a killed collector has lost', async () => {
    const pipeline = await start()
    const v5 = pipeline.makeSender(FLOWS)
    await v5.send(20, 500)
    await expectBalance(pipeline, total, stored(20))
    await pipeline.end('collector', 'SIGKILL')
    await pipeline.startCollector()
    await v5.send(20, 500)
    await pipeline.end('collector')
    const {
      received,
      stored: rows,
      lost_in_pipe,
      difference,
    } = await totalAfterFinalReports(pipeline, 1)
    assert.deepEqual(
      { received, rows, lost_in_pipe, difference },
      { received: '40', rows: '120', lost_in_pipe: null, difference: '0' },
    )
    const starts = await pipeline.ask(
      'select state, sent, read, lost_in_pipe from collector_balance order by started_at',
    )
    assert.deepEqual(starts, [
      { state: 'vanished', sent: '0', read: '0', lost_in_pipe: '0' },
      { state: 'stopped', sent: '20', read: '20', lost_in_pipe: '0' },
    ])
  })

  it('does not tell the lines of two collectors in one pipe apart', async () => {
    const pipeline = await start()
    const { databaseUrl, pipePath } = pipeline
    const environment = { ...QUICK, NAMED_PIPE_FILENAME: pipePath }
    const other = await preparePipeline({ databaseUrl, environment })
    pipelines.push(other)
    await other.startCollector()
    await pipeline.makeSender(FLOWS).send(20, 500)
    await other.makeSender({ ...FLOWS, from: '127.0.0.2' }).send(20, 500)
    await pipeline.end('collector')
    await other.end('collector')
    const after = await totalAfterFinalReports(pipeline, 2)
    const { collector_received, received, stored: rows, lost_in_pipe, difference } = after
    assert.deepEqual(
      { collector_received, received, rows, lost_in_pipe, difference },
      {
        collector_received: '40',
        received: '40',
        rows: '120',
        lost_in_pipe: null,
        difference: '0',
      },
    )
  })
})

/** Reads what is in the pipe, up to a full buffer; returns undefined while it is empty. */
function readAvailable(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer) || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}
