import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { loadLibc } from '../../../shared/libc.ts'
import { WatchedPipe } from '../../../writer/journal/watched-pipe.ts'
import { RecordingLogger } from '../../collector/recording-logger.ts'

const libc = loadLibc()

class Setup {
  readonly recorded = new RecordingLogger()
  readonly path: string
  readonly pipe: WatchedPipe
  readonly #filePath: string
  readonly #fileFd: number
  readonly #ends: number[] = []

  constructor(context: TestContext, handoverMs = 60_000) {
    const folder = mkdtempSync(join(tmpdir(), 'watched-pipe-'))
    this.path = join(folder, 'netflow.pipe')
    this.#filePath = join(folder, 'file')
    this.#fileFd = openSync(this.#filePath, 'w+')
    this.pipe = new WatchedPipe({ path: this.path, libc, logger: this.recorded.logger, handoverMs })
    context.after(() => {
      this.pipe.close()
      for (const fd of [this.#fileFd, ...this.#ends]) closeSync(fd)
      rmSync(folder, { recursive: true })
    })
  }

  /** Opens the pipe that is at the path now, as a collector does. */
  open(): number {
    const fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK)
    this.#ends.push(fd)
    return fd
  }

  /** Moves what there is; returns all that was moved so far. */
  move(): string {
    while (this.pipe.moveTo(this.#fileFd, 1_000) > 0);
    return readFileSync(this.#filePath, 'utf8')
  }
}

describe('a watched pipe', { skip: libc ? false : 'the C library cannot be called here' }, () => {
  it('that is removed is made anew, and read after the end of the old one', (context) => {
    const setup = new Setup(context)
    const old = setup.open()
    setup.pipe.look()
    writeSync(old, 'one ')
    rmSync(setup.path)
    setup.pipe.look()
    setup.pipe.look()
    assert.equal(setup.recorded.lines.filter(({ msg }) => /was removed/.test(msg)).length, 1)
    assert.equal(setup.move(), 'one ')
    writeSync(old, 'two ')
    const next = setup.open()
    writeSync(next, 'four ')
    writeSync(old, 'three ')
    assert.equal(setup.move(), 'one two three four ')
    writeSync(old, 'nobody reads this')
    writeSync(next, 'five')
    assert.equal(setup.move(), 'one two three four five')
    assert.equal(setup.pipe.problem, undefined)
  })

  it('that is removed without a collector is left after a while', (context) => {
    const setup = new Setup(context, 0)
    rmSync(setup.path)
    setup.pipe.look()
    assert.equal(setup.move(), '')
    writeSync(setup.open(), 'new')
    assert.equal(setup.move(), 'new')
  })

  it('that is removed again and again is made anew each time', (context) => {
    const setup = new Setup(context)
    const old = setup.open()
    for (let round = 0; round < 3; round++) {
      rmSync(setup.path)
      setup.pipe.look()
    }
    writeSync(old, 'old ')
    writeSync(setup.open(), 'new')
    assert.equal(setup.move(), 'old new')
  })

  it('has a problem while something else is at its path, and goes on reading', (context) => {
    const setup = new Setup(context)
    const old = setup.open()
    rmSync(setup.path)
    writeFileSync(setup.path, '')
    setup.pipe.look()
    setup.pipe.look()
    assert.match(setup.pipe.problem ?? '', /exists and is no named pipe/)
    assert.equal(setup.recorded.lines.filter(({ level }) => level >= 50).length, 1)
    writeSync(old, 'still ')
    assert.equal(setup.move(), 'still ')
    rmSync(setup.path)
    setup.pipe.look()
    assert.equal(setup.pipe.problem, undefined)
    writeSync(setup.open(), 'read')
    assert.equal(setup.move(), 'still read')
  })
})
