/** The watcher of the pipe's path, on real paths. */

import assert from 'node:assert/strict'
import { closeSync, constants, openSync, renameSync } from 'node:fs'
import { it } from 'node:test'
import { PipeWatcher } from '../../../collector/forward/pipe-watcher.ts'
import { loadLibc } from '../../../shared/libc.ts'
import { endTurn, takeTurn } from '../../../shared/pipe-turns.ts'
import { until } from '../../helpers/until.ts'
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

it('a pipe is not handed out in the middle of a line of another program', async (context) => {
  const libc = loadLibc()
  if (!libc) return context.skip('the C library cannot be loaded')
  const path = await makePipePath(context)
  makePipe(path)
  const { lines, logger } = new RecordingLogger()
  const watcher = new PipeWatcher(path, logger, libc)
  const replay = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  context.after(() => closeSync(replay))
  assert.equal(takeTurn(libc, replay), 'taken')
  assert.equal(watcher.look(), undefined)
  endTurn(libc, replay)
  assert.equal(takeTurn(libc, replay), 'collector', 'the collector that waits comes next')
  const pipe = watcher.look()
  assert.ok(pipe)
  assert.equal(takeTurn(libc, replay), 'collector')
  pipe.close()
  await until('the pipe is closed', () => takeTurn(libc, replay) === 'taken')
  const texts = lines.map(({ msg }) => /^waiting until a replay|is open/.exec(msg)?.[0])
  assert.deepEqual(texts, ['waiting until a replay', 'is open'])
})
