/** The watcher of the pipe's path, on real paths. */

import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { it } from 'node:test'
import { PipeWatcher } from '../../../collector/forward/pipe-watcher.ts'
import { makePipe, makePipePath } from '../pipe-reader.ts'
import { RecordingLogger } from '../recording-logger.ts'

it('a missing pipe is logged once, and again after it was there', async (context) => {
  const path = await makePipePath(context)
  const { lines, logger } = new RecordingLogger()
  const watcher = new PipeWatcher(path, logger)
  const look = () => {
    const pipe = watcher.look()
    if (pipe) context.after(() => pipe.close())
    return pipe !== undefined
  }
  assert.deepEqual([look(), look()], [false, false])
  makePipe(path)
  assert.deepEqual([look(), look()], [true, false])
  renameSync(path, `${path}.aside`)
  assert.deepEqual([look(), look()], [false, false])
  renameSync(`${path}.aside`, path)
  assert.equal(look(), false, 'the same pipe is not opened twice')
  watcher.forget()
  assert.equal(look(), true, 'a forgotten pipe is opened again')
  assert.deepEqual(
    lines.map(({ msg }) => /is open|waiting for the|was removed/.exec(msg)?.[0]),
    ['waiting for the', 'is open', 'was removed', 'is open'],
  )
})
