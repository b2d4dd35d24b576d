import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeldPipe } from '../../../launcher/process/held-pipe.ts'
import { createLogger } from '../../../shared/logger.ts'
import { ensurePipe } from '../../../writer/journal/pipe-source.ts'
import { until } from '../../helpers/until.ts'

/** Opens a pipe, writes into it or reads from it, and closes it. */
function withPipe<Result>(path: string, use: (fd: number) => Result): Result {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

const read = (fd: number): string => {
  const buffer = Buffer.alloc(100)
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer))
  } catch {
    return '' // Empty.
  }
}

it('a held pipe keeps its content, also when a new pipe has taken its place', async (context) => {
  const path = join(mkdtempSync(join(tmpdir(), 'held-pipe-')), 'netflow.pipe')
  const logger = createLogger('test', 'silent')
  ensurePipe(path, logger)
  const held = new HeldPipe(path, 5)
  context.after(() => held.close())
  withPipe(path, (fd) => writeSync(fd, 'first'))
  assert.equal(withPipe(path, read), 'first')
  rmSync(path)
  // A path that cannot be looked at: a link to itself.
  symlinkSync(path, path)
  await sleep(50)
  rmSync(path)
  ensurePipe(path, logger)
  await until('the new pipe is held', () => {
    withPipe(path, (fd) => writeSync(fd, 'second'))
    return withPipe(path, read) !== ''
  })
})
