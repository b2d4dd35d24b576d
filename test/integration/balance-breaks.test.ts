/** What the balance shows when something goes wrong between a collector and the table. */

import assert from 'node:assert/strict'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BalanceHarness, feed } from './balance-harness.ts'

describe('the balance', () => {
  let harness: BalanceHarness
  beforeEach(async () => {
    harness = await BalanceHarness.start()
  })
  afterEach(() => harness.stop())

  it('shows datagrams that somebody takes out of the pipe', async () => {
    const pipeline = await harness.startPipeline()
    const v5 = harness.makeSender(pipeline, '127.0.0.1')
    await v5.send(20, 500)
    await harness.expectBalance(`scope = 'total'`, {
      received: 20,
      decoded: 20,
      records: 60,
      stored: 60,
    })
    await pipeline.end('writer')
    await v5.send(20, 500)
    await sleep(200)
    const thief = openSync(pipeline.pipePath, constants.O_RDONLY | constants.O_NONBLOCK)
    const stolen = Buffer.alloc(1_000)
    const length = readSync(thief, stolen)
    closeSync(thief)
    const lines = stolen.subarray(0, length).toString('latin1').split('\n').length
    await pipeline.startWriter()
    await pipeline.end('collector')
    const total = await harness.totalAfterFinalReports(1)
    assert.ok(lines > 1)
    const missing = Number(total['lost_in_pipe'])
    // The line that is cut is a malformed one.
    assert.equal(missing, lines - 1)
    assert.equal(Number(total['difference']), missing)
    assert.equal(Number(total['received']), 40 - missing)
  })

  it('shows a line that comes twice', async () => {
    const pipeline = await harness.startPipeline()
    const v5 = harness.makeSender(pipeline, '127.0.0.1')
    await v5.send(20, 500)
    feed(pipeline, '127.0.0.1', v5.nextMessage())
    await pipeline.end('collector')
    await harness.expectBalance(`scope = 'total'`, {
      ...{ received: 21, decoded: 21, records: 63, stored: 63, difference: 1 },
    })
  })

  it('shows rows that the database swallows', async () => {
    await harness.ask(
      `create function swallow() returns trigger language plpgsql as
         $$ begin return case when new.bytes % 3 = 0 then null else new end; end $$;
       create trigger swallow before insert on flows for each row execute function swallow()`,
    )
    const pipeline = await harness.startPipeline()
    await harness.makeSender(pipeline, '127.0.0.1').send(20, 500)
    await harness.expectBalance(`scope = 'total'`, {
      ...{ received: 20, decoded: 20, records: 60, stored: 60, difference: 20 },
    })
  })

  it('counts rows that the database refuses as parked', async () => {
    await harness.ask(`alter table flows add constraint small check (bytes is null or bytes <> 7)`)
    const pipeline = await harness.startPipeline()
    await harness.makeSender(pipeline, '127.0.0.1').send(20, 500)
    await harness.expectBalance(`scope = 'total'`, {
      ...{ received: 20, decoded: 20, records: 60, stored: 59, parked: 1 },
    })
  })

  it('does not claim to know what a killed collector has lost', async () => {
    const pipeline = await harness.startPipeline()
    const v5 = harness.makeSender(pipeline, '127.0.0.1')
    await v5.send(20, 500)
    await sleep(200)
    await pipeline.end('collector', 'SIGKILL')
    await pipeline.startCollector()
    await v5.send(20, 500)
    await pipeline.end('collector')
    const total = await harness.totalAfterFinalReports(1)
    const { received, stored, lost_in_pipe, difference } = total
    assert.deepEqual(
      { received, stored, lost_in_pipe, difference },
      { received: '40', stored: '120', lost_in_pipe: null, difference: '0' },
    )
    const starts = await harness.ask(
      'select state, sent, read, lost_in_pipe from collector_balance order by started_at',
    )
    assert.deepEqual(starts, [
      { state: 'vanished', sent: '0', read: '0', lost_in_pipe: '0' },
      { state: 'stopped', sent: '20', read: '20', lost_in_pipe: '0' },
    ])
  })

  it('does not tell the lines of two collectors in one pipe apart', async () => {
    const pipeline = await harness.startPipeline()
    const other = harness.makePipeline({ NAMED_PIPE_FILENAME: pipeline.pipePath })
    await other.startCollector()
    await harness.makeSender(pipeline, '127.0.0.1').send(20, 500)
    await harness.makeSender(other, '127.0.0.2').send(20, 500)
    await pipeline.end('collector')
    await other.end('collector')
    const total = await harness.totalAfterFinalReports(2)
    const { collector_received, received, stored, lost_in_pipe, difference } = total
    assert.deepEqual(
      { collector_received, received, stored, lost_in_pipe, difference },
      {
        collector_received: '40',
        received: '40',
        stored: '120',
        lost_in_pipe: null,
        difference: '0',
      },
    )
  })
})
