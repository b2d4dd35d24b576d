import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import pino from 'pino'
import { type Libc, loadLibc } from '../../../shared/libc.ts'
import { PipeError, PipeSource } from '../../../writer/journal/pipe-source.ts'
import { until } from '../../helpers/until.ts'

const logger = pino({ level: 'silent' })
const noLibc = loadLibc() ? false : 'the C library cannot be called here'

interface Ends {
  readonly pipe: PipeSource
  readonly pipeFd: number
  readonly fileFd: number
  readonly filePath: string
}

function openEnds(context: TestContext, libc: Libc | undefined): Ends {
  const folder = mkdtempSync(join(tmpdir(), 'named-pipe-'))
  const path = join(folder, 'netflow.pipe')
  const pipe = PipeSource.open(path, libc, logger)
  const pipeFd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const filePath = join(folder, 'file')
  const fileFd = openSync(filePath, 'w+')
  context.after(() => {
    pipe.close()
    closeSync(pipeFd)
    closeSync(fileFd)
    rmSync(folder, { recursive: true })
  })
  return { pipe, pipeFd, fileFd, filePath }
}

const MODES: readonly (readonly [string, Libc | undefined])[] = [
  ['by the kernel', loadLibc()],
  ['by this process', undefined],
]

for (const [mode, libc] of MODES) {
  const skip = mode === 'by the kernel' && !libc ? 'the C library cannot be called here' : false
  describe(`a named pipe emptied ${mode}`, { skip }, () => {
    it('returns 0 when it is empty', (context) => {
      const { pipe, fileFd } = openEnds(context, libc)
      assert.equal(pipe.moveTo(fileFd, 1_000), 0)
    })

    it('moves every byte, never more than asked for', (context) => {
      const { pipe, pipeFd, fileFd, filePath } = openEnds(context, libc)
      const sent: Buffer[] = []
      let moved = 0
      for (let round = 0; round < 50; round++) {
        const bytes = Buffer.alloc(1 + ((round * 7_919) % 30_000), round)
        assert.equal(writeSync(pipeFd, bytes), bytes.length)
        sent.push(bytes)
        for (;;) {
          const maxBytes = 1 + ((round * 104_729) % 9_000)
          const count = pipe.moveTo(fileFd, maxBytes)
          assert.ok(count <= maxBytes)
          if (count === 0) break
          moved += count
        }
      }
      const whole = Buffer.concat(sent)
      assert.equal(moved, whole.length)
      assert.ok(readFileSync(filePath).equals(whole))
    })

    it('loses nothing when the disk is full', (context) => {
      const { pipe, pipeFd, fileFd, filePath } = openEnds(context, libc)
      const full = openSync('/dev/full', 'r+')
      context.after(() => closeSync(full))
      writeSync(pipeFd, 'what must be kept')
      assert.throws(() => pipe.moveTo(full, 1_000), { code: 'ENOSPC' })
      assert.equal(pipe.moveTo(fileFd, 1_000), 17)
      assert.equal(readFileSync(filePath, 'utf8'), 'what must be kept')
    })
  })
}

describe('who waits for the bytes of a named pipe', { skip: noLibc }, () => {
  it('is called as long as there are some, also for those that came before', async (context) => {
    const { pipe, pipeFd, fileFd, filePath } = openEnds(context, loadLibc())
    writeSync(pipeFd, 'one ')
    let calls = 0
    let isReading = false
    const onBytes = () => {
      calls += 1
      if (isReading) pipe.moveTo(fileFd, 1_000)
    }
    assert.equal(pipe.awaitBytes(onBytes), true)
    await until('it is called twice for the same bytes', () => calls >= 2)
    isReading = true
    await until('they are moved', () => readFileSync(filePath, 'utf8') === 'one ')
    const before = calls
    assert.equal(pipe.awaitBytes(onBytes), true)
    writeSync(pipeFd, 'two')
    await until('the others are moved', () => readFileSync(filePath, 'utf8') === 'one two')
    assert.ok(calls > before)
  })

  it('is not called after `stopWaiting`, and again when it waits again', async (context) => {
    const { pipe, pipeFd } = openEnds(context, loadLibc())
    let calls = 0
    const onBytes = () => {
      calls += 1
    }
    pipe.stopWaiting()
    pipe.awaitBytes(onBytes)
    pipe.stopWaiting()
    writeSync(pipeFd, 'one')
    for (let turn = 0; turn < 10; turn++) await nextTurn()
    assert.equal(calls, 0)
    pipe.awaitBytes(onBytes)
    await until('it is called', () => calls > 0)
  })

  it('is told to look again where the kernel cannot be asked', (context) => {
    const { pipe } = openEnds(context, undefined)
    assert.equal(
      pipe.awaitBytes(() => assert.fail('nobody watches')),
      false,
    )
    pipe.stopWaiting()
  })
})

describe('the path of a named pipe', () => {
  it('is created when it is missing, readable and writable for the group', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'named-pipe-'))
    context.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'a', 'netflow.pipe')
    PipeSource.open(path, undefined, logger).close()
    assert.ok(statSync(path).isFIFO())
    assert.equal(statSync(path).mode & 0o777, 0o660)
  })

  it('is refused when it is something else', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'named-pipe-'))
    context.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'file')
    writeFileSync(path, '')
    assert.throws(() => PipeSource.open(path, undefined, logger), PipeError)
  })
})
