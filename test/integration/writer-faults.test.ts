/** Faults around the writer that are not the journal's: a second writer, tables gone, a late database. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { FLOWS, JournalHarness } from './journal-harness.ts'

describe('the writer', () => {
  let harness: JournalHarness
  beforeEach(async () => {
    harness = await JournalHarness.prepare({ environment: { JOURNAL_FSYNC: 'interval' } })
  })
  afterEach(() => harness.stop())

  async function assertAllStored(): Promise<void> {
    const account = await harness.settle()
    const { received, kernelDropped, rows, lost } = account
    assert.equal(received + kernelDropped, harness.sender.sentDatagrams)
    assert.equal(rows, received * FLOWS)
    assert.equal(account.distinct, rows)
    assert.equal(lost, kernelDropped * FLOWS)
    assert.equal(account.dropped, 0)
    assert.equal(account.lostInPipe, 0)
    assert.equal(account.differences, 0)
  }

  /** Starts one more writer, which must end with exit code 1; gives what it says. */
  async function refuseSecond(environment: Record<string, string>): Promise<string> {
    const second = new Pipeline({ databaseUrl: harness.server.url, environment })
    try {
      await assert.rejects(second.startWriter(), /ended with 1/)
      const fatal = second.logOf('writer').find(({ level }) => level === 60)
      return String(fatal?.['msg'])
    } finally {
      await second.stop()
    }
  }

  it('has its JOURNAL_DIR and its pipe for itself: a second one ends and takes no bytes', async () => {
    await harness.pipeline.start()
    const { pipePath, journalPath } = harness.pipeline
    await harness.sendAndStore(50)
    const sending = harness.sender.send(1_000, 500)
    const sameJournal = await refuseSecond({ JOURNAL_DIR: journalPath })
    assert.match(sameJournal, /another writer is using JOURNAL_DIR .*stop it, or give/)
    const samePipe = await refuseSecond({ NAMED_PIPE_FILENAME: pipePath })
    assert.match(samePipe, /another writer is reading .*stop it, or give/)
    const both = { NAMED_PIPE_FILENAME: pipePath, JOURNAL_DIR: journalPath }
    assert.match(await refuseSecond(both), /another writer is using JOURNAL_DIR/)
    await sending
    await assertAllStored()
  })

  it('takes the bytes of the pipe into the journal before there is a database', async () => {
    await harness.server.stop('fast')
    // It is not ready before the database is.
    const starting = harness.pipeline.startWriter()
    await harness.waitForLine(/^reading the pipe into the journal/)
    await harness.pipeline.startCollector()
    await harness.sender.send(300, 500)
    await harness.untilJournaled(300)
    await harness.pipeline.end('writer', 'SIGKILL')
    await assert.rejects(starting, /ended with null/)
    const again = harness.pipeline.startWriter()
    await harness.sender.send(100, 500)
    await harness.untilJournaled(400)
    await harness.server.restart()
    await again
    await assertAllStored()
  })

  it('that stands still for a while takes up where it was', async () => {
    await harness.pipeline.start()
    await harness.sendAndStore(50)
    const { writer } = harness.pipeline
    const sending = harness.sender.send(2_000, 500)
    for (let turn = 0; turn < 3; turn++) {
      writer.kill('SIGSTOP')
      await sleep(700)
      writer.kill('SIGCONT')
      await sleep(300)
    }
    await sending
    await assertAllStored()
  })

  it('that meets a table that is gone stops with a clear error, and loses nothing', async () => {
    await harness.pipeline.start()
    await harness.sendAndStore(50)
    await harness.ask('alter table exporter_streams rename to mislaid')
    const { writer } = harness.pipeline
    await harness.sender.send(200, 500)
    await until('the writer has ended', () => writer.exitCode !== null)
    assert.equal(writer.exitCode, 1)
    const [fatal] = harness.findLines(/^the database refuses a batch/)
    assert.equal(fatal?.['level'], 60)
    assert.match(String(fatal['msg']), /a table is missing.*the journal keeps.*start the writer/)
    await harness.sender.send(100, 500)
    await harness.ask('alter table mislaid rename to exporter_streams')
    await harness.pipeline.startWriter()
    await assertAllStored()
  })
})
