/** Faults around the writer: a second writer, a missing table, a late database. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FlowSender } from '../helpers/flow-sender.ts'
import { findFreePort } from '../helpers/free-port.ts'
import { type Pipeline, preparePipeline, QUICK } from '../helpers/pipeline.ts'
import { assertAllStored, sendAndStore, settle, untilJournaled, V5 } from './flow-account.ts'

describe('the writer', () => {
  let pipeline: Pipeline
  let sender: FlowSender
  let metricsPort: number
  beforeEach(async () => {
    const environment = { ...QUICK, JOURNAL_FSYNC: 'interval' }
    metricsPort = await findFreePort()
    const writerEnvironment = { METRICS_PORT: String(metricsPort) }
    pipeline = await preparePipeline({ ownServer: true, environment, writerEnvironment })
    sender = pipeline.makeSender(V5)
  })
  afterEach(() => pipeline.stop())

  /** Starts one more writer, which must end with exit code 1; returns its fatal message. */
  async function refuseSecond(environment: Record<string, string>): Promise<string> {
    const second = await preparePipeline({ databaseUrl: pipeline.databaseUrl, environment })
    try {
      await assert.rejects(second.startWriter(), /ended with 1/)
      const fatal = second.logOf('writer').find(({ level }) => level === 60)
      return String(fatal?.['msg'])
    } finally {
      await second.stop()
    }
  }

  it('shares neither its JOURNAL_DIR nor its pipe: a second writer ends and reads no bytes', async () => {
    await pipeline.start()
    const { pipePath, journalPath } = pipeline
    await sendAndStore(pipeline, sender, 50)
    const sending = sender.send(1_000, 500)
    const sameJournal = await refuseSecond({ JOURNAL_DIR: journalPath })
    assert.match(sameJournal, /another writer is using JOURNAL_DIR .*stop it, or give/)
    const samePipe = await refuseSecond({ NAMED_PIPE_FILENAME: pipePath })
    assert.match(samePipe, /another writer is reading .*stop it, or give/)
    const both = { NAMED_PIPE_FILENAME: pipePath, JOURNAL_DIR: journalPath }
    assert.match(await refuseSecond(both), /another writer is using JOURNAL_DIR/)
    await sending
    assertAllStored(await settle(pipeline, sender), sender)
  })

  it('reads the pipe into the journal before there is a database', async () => {
    await pipeline.server.stop('fast')
    // It is not ready before the database is.
    const starting = pipeline.startWriter()
    await pipeline.waitForLine(/^reading the pipe into the journal/)
    await pipeline.startCollector()
    await sender.send(300, 500)
    await untilJournaled(pipeline, 300)
    await pipeline.end('writer', 'SIGKILL')
    await assert.rejects(starting, /ended with null/)
    const again = pipeline.startWriter()
    await sender.send(100, 500)
    await untilJournaled(pipeline, 400)
    await pipeline.server.restart()
    await again
    assertAllStored(await settle(pipeline, sender), sender)
  })

  it('that was frozen for a while goes on where it stopped', async () => {
    await pipeline.start()
    await sendAndStore(pipeline, sender, 50)
    const { writer } = pipeline
    const sending = sender.send(2_000, 500)
    for (let turn = 0; turn < 3; turn++) {
      writer.kill('SIGSTOP')
      await sleep(700)
      writer.kill('SIGCONT')
      await sleep(300)
    }
    await sending
    assertAllStored(await settle(pipeline, sender), sender)
  })

  it('that misses a table goes on journaling, and loads when the table is back', async () => {
    await pipeline.start()
    await sendAndStore(pipeline, sender, 50)
    await pipeline.ask('alter table exporter_streams rename to mislaid')
    await sender.send(200, 500)
    const refusal = await pipeline.waitForLine(/^the database refuses the batch; it is kept/)
    assert.equal(refusal['level'], 50)
    assert.match(String(refusal['condition']), /a table is missing: npm run migrate/)
    await sender.send(100, 500)
    await untilJournaled(pipeline, 350)
    const response = await fetch(`http://127.0.0.1:${metricsPort}/healthz`)
    assert.equal(response.status, 503)
    assert.match(await response.text(), /the database refuses the flows: a table is missing/)
    await pipeline.ask('alter table mislaid rename to exporter_streams')
    assertAllStored(await settle(pipeline, sender), sender)
  })
})
