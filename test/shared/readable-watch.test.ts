/** The watch of a descriptor, with real pipes and with an imitation of koffi. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { loadLibc } from '../../shared/libc.ts'
import { watchReadable } from '../../shared/readable-watch.ts'
import { until } from '../helpers/until.ts'

const libc = loadLibc()
const skip = libc ? false : 'the C library cannot be called here'

/** Makes a named pipe, and returns what opens it. */
function makePipe(context: TestContext): (flags: number) => number {
  const folder = mkdtempSync(join(tmpdir(), 'readable-watch-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  context.after(() => rmSync(folder, { recursive: true }))
  return (flags) => openSync(path, flags | constants.O_NONBLOCK)
}

/** Opens a named pipe, and watches it with a counter of the calls. */
function openWatch(context: TestContext) {
  assert.ok(libc)
  const fd = makePipe(context)(constants.O_RDWR)
  const seen = { calls: 0 }
  const watch = libc.watchReadable(fd, () => {
    seen.calls += 1
  })
  context.after(() => {
    watch.close()
    closeSync(fd)
  })
  const put = () => writeSync(fd, 'x')
  const empty = () => readSync(fd, Buffer.alloc(100))
  return { watch, seen, put, empty }
}

/** Lets the loop turn some times; in each turn it asks the kernel. */
async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

describe('the watch of a descriptor', { skip }, () => {
  it('calls again and again while there is something to read, and not afterwards', async (context) => {
    const { watch, seen, put, empty } = openWatch(context)
    watch.start()
    await turns()
    assert.equal(seen.calls, 0)
    put()
    await until('it has called twice', () => seen.calls >= 2)
    empty()
    const { calls } = seen
    await turns()
    assert.equal(seen.calls, calls)
    put()
    await until('it calls again', () => seen.calls > calls)
  })

  it('is stopped at first, and by a stop; what came meanwhile is reported after a start', async (context) => {
    const { watch, seen, put } = openWatch(context)
    put()
    await turns()
    assert.equal(seen.calls, 0)
    for (let round = 0; round < 5; round++) {
      watch.start()
      watch.start()
      const { calls } = seen
      await until('it calls', () => seen.calls > calls)
      watch.stop()
      watch.stop()
      const after: number = seen.calls
      await turns()
      assert.equal(seen.calls, after)
    }
  })

  it('that an error has stopped is started again by `start`', async (context) => {
    assert.ok(libc)
    const open = makePipe(context)
    const readEnd = open(constants.O_RDONLY)
    const writeEnd = open(constants.O_WRONLY)
    let calls = 0
    const watch = libc.watchReadable(writeEnd, () => {
      calls += 1
    })
    context.after(() => {
      watch.close()
      closeSync(writeEnd)
    })
    // For poll(2), a pipe that nobody reads is an error of its other end.
    closeSync(readEnd)
    for (let round = 1; round <= 3; round++) {
      watch.start()
      await until('the error is reported', () => calls === round)
      await turns()
      assert.equal(calls, round, 'libuv has stopped it')
    }
  })

  it('lets nothing be thrown into the library that calls', (context) => {
    const thrown = new Error('of the listener')
    const later: (() => void)[] = []
    let call: (...values: readonly unknown[]) => void = () => {}
    const handle = { start: () => {}, stop: () => {}, close: () => {} }
    const koffi = {
      node: {
        poll: (_: number, callback: typeof call) => {
          call = callback
          return handle
        },
      },
    }
    context.mock.method(globalThis, 'setImmediate', (action: () => void) => later.push(action))
    watchReadable(koffi as unknown as Parameters<typeof watchReadable>[0], 0, () => {
      throw thrown
    }).start()
    call(0, { readable: true })
    assert.equal(later.length, 1)
    assert.throws(() => later[0]?.(), thrown)
  })
})
