/** A collector that stops, and bytes in the pipe that nobody has read. */

import assert from 'node:assert/strict'
import { closeSync, constants, openSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipeWriter } from '../../../collector/forward/pipe-writer.ts'
import { type Libc, loadLibc } from '../../../shared/libc.ts'
import { until } from '../../helpers/until.ts'
import { makePipe, makePipePath, openReader } from '../pipe-reader.ts'
import { RecordingLogger } from '../recording-logger.ts'

const libc = loadLibc()
const REPORT = '{"a report": true}\n'

/** Creates a pipe writer with one unread report in the pipe. */
async function leaveReport(context: TestContext) {
  const path = await makePipePath(context)
  makePipe(path)
  const writer = new PipeWriter({
    path,
    maxQueueBytes: 1_000_000,
    logger: new RecordingLogger().logger,
    onFatal: (error) => assert.fail(error),
  })
  context.after(() => writer.stop())
  writer.start()
  writer.pushReport(REPORT)
  await until('the report is in the pipe', () => writer.queuedBytes === 0)
  return { path, writer }
}

describe('a pipe that is handed over', { skip: libc ? false : 'no C library to call' }, () => {
  const { unreadBytes, lockFile, isLocked } = libc as Libc

  it('keeps the collector waiting until a reader has emptied it', async (context) => {
    const { path, writer } = await leaveReport(context)
    const handingOver = writer.handOver(libc as Libc, 30_000)
    assert.equal(await Promise.race([handingOver, sleep(700, 'waiting')]), 'waiting')
    const reader = openReader(context, path)
    assert.equal(await handingOver, 0)
    await until('the report is read', () => reader.reports.length === 1)
  })

  it('may be left to a living reader, which has it locked', async (context) => {
    const { path, writer } = await leaveReport(context)
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    context.after(() => closeSync(fd))
    assert.ok(lockFile(fd))
    const startedAt = performance.now()
    assert.equal(await writer.handOver(libc as Libc, 30_000), 0)
    assert.ok(performance.now() - startedAt > 490, 'a working reader empties the pipe meanwhile')
    assert.equal(
      await writer.handOver(libc as Libc, 0),
      0,
      'even when a slow stop has no time left',
    )
    assert.equal(unreadBytes(fd), REPORT.length + 1)
  })

  it('is given up after a while, with the count of the lost bytes', async (context) => {
    const { writer } = await leaveReport(context)
    assert.equal(await writer.handOver(libc as Libc, 100), REPORT.length + 1)
  })

  it('is not locked by the check for a lock', async (context) => {
    const { path } = await leaveReport(context)
    const [one, other] = [openSync(path, constants.O_RDWR), openSync(path, constants.O_RDWR)]
    context.after(() => {
      closeSync(one)
      closeSync(other)
    })
    assert.equal(isLocked(one), false)
    assert.ok(lockFile(other))
    assert.equal(isLocked(one), true)
  })
})
