/** The watcher of the pipe's path, with real paths. */

import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { it } from 'node:test'
import type { NamedPipe } from '../../../collector/forward/named-pipe.ts'
import { PipeWatcher } from '../../../collector/forward/pipe-watcher.ts'
import { until } from '../../helpers/until.ts'
import { makePipe, makePipePath } from '../pipe-reader.ts'
import { RecordingLogger } from '../recording-logger.ts'

it('a missing pipe is logged once, and again after it was there', async (context) => {
  const path = await makePipePath(context)
  const recording = new RecordingLogger()
  const pipes: NamedPipe[] = []
  const watcher = new PipeWatcher({
    path,
    logger: recording.logger,
    onPipe: (pipe) => pipes.push(pipe),
    onFatal: (error) => assert.fail(error),
    checkIntervalMs: 5,
  })
  context.after(() => {
    watcher.stop()
    for (const pipe of pipes) pipe.close()
  })
  watcher.start()
  await new Promise((resolve) => setTimeout(resolve, 50))
  makePipe(path)
  await until('the pipe is opened', () => pipes.length === 1)
  renameSync(path, `${path}.aside`)
  await until('the removal is told', () => recording.find(/was removed/) !== undefined)
  renameSync(`${path}.aside`, path)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(pipes.length, 1, 'the same pipe is not opened twice')
  watcher.forget()
  await until('a forgotten pipe is opened again', () => pipes.length === 2)
  assert.equal(recording.lines.filter(({ msg }) => /waiting for the/.test(msg)).length, 1)
})
