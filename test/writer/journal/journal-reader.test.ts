import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Journal, type LostBytes } from '../../../writer/journal/journal.ts'
import { JournalReader } from '../../../writer/journal/journal-reader.ts'
import { RecordingLogger } from '../../collector/recording-logger.ts'
import { appendBytes } from './append-bytes.ts'

const LIMITS = { maxBytes: 10_000_000, segmentBytes: 65_536, fsync: false }

class Setup {
  readonly folder = mkdtempSync(join(tmpdir(), 'journal-reader-'))
  readonly recorded = new RecordingLogger()
  readonly lost: LostBytes[] = []
  journal: Journal
  reader: JournalReader
  /** Everything that was read. */
  bytes = ''

  constructor(context: TestContext, position = 0, gatherMs = 0) {
    this.journal = this.#open()
    this.reader = this.#makeReader(position, gatherMs)
    context.after(() => {
      this.journal.close()
      rmSync(this.folder, { recursive: true })
    })
  }

  #open(): Journal {
    const journal = new Journal({ folder: this.folder, ...LIMITS })
    journal.open()
    return journal
  }

  #makeReader(position: number, gatherMs = 0): JournalReader {
    const { journal } = this
    const { logger } = this.recorded
    return new JournalReader({ journal, position, gatherMs, logger })
  }

  /** Closes the journal and reads it from its beginning, as the next process does. */
  reopen(): void {
    this.journal.close()
    this.journal = this.#open()
    this.reader = this.#makeReader(0)
  }

  append(text: string): void {
    appendBytes(this.journal, Buffer.from(text))
  }

  /** Reads until there is nothing more to read now. */
  readAll(): void {
    for (let read = this.reader.read(); read; read = this.reader.read()) {
      if (read.kind === 'bytes') this.bytes += read.bytes.toString('latin1')
      else this.lost.push(read)
    }
  }

  countLines(text: RegExp): number {
    return this.recorded.lines.filter(({ msg }) => text.test(msg)).length
  }
}

/** Whether a promise is settled by now, after some turns of the event loop. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('the reader of the journal', () => {
  it('reads what is there, and what comes, in order', async (context) => {
    const setup = new Setup(context)
    setup.append('a'.repeat(200_000))
    setup.readAll()
    assert.equal(setup.reader.isCaughtUp, true)
    const more = setup.reader.more()
    assert.equal(await isSettled(more), false, 'nothing has come')
    setup.append('b'.repeat(100))
    await more
    assert.equal(setup.reader.isCaughtUp, false)
    setup.readAll()
    assert.equal(setup.bytes, 'a'.repeat(200_000) + 'b'.repeat(100))
    assert.equal(setup.reader.position, 200_100)
  })

  it('begins at any position', (context) => {
    const setup = new Setup(context, 70_000)
    setup.append(`${'a'.repeat(70_000)}rest`)
    setup.readAll()
    assert.equal(setup.bytes, 'rest')
  })

  it('does not let anybody wait while there is something to read', async (context) => {
    const setup = new Setup(context)
    setup.append('line\n')
    await setup.reader.more()
    setup.readAll()
    assert.equal(setup.bytes, 'line\n')
  })

  it('wakes everybody who waits', async (context) => {
    const setup = new Setup(context)
    const waiting = [setup.reader.more(), setup.reader.more()]
    setup.append('line\n')
    await Promise.all(waiting)
  })

  it('lets few bytes wait for others, and says for how long they have', async (context) => {
    const setup = new Setup(context, 0, 60_000)
    const more = setup.reader.more()
    assert.equal(setup.reader.hurry(), false, 'nothing waits yet')
    setup.append('a'.repeat(100))
    assert.equal(await isSettled(more), false)
    assert.equal(setup.reader.isCaughtUp, false)
    setup.append('b'.repeat(262_043))
    assert.equal(await isSettled(more), false)
    setup.append('c')
    await more
    assert.ok(setup.reader.waitedMs > 0)
    setup.readAll()
    assert.equal(setup.reader.waitedMs, 0)
    assert.equal(setup.bytes.length, 262_144)
  })

  it('reads what waits when the time is over, or somebody is in a hurry', async (context) => {
    const setup = new Setup(context, 0, 5)
    setup.append('one\n')
    await setup.reader.more()
    setup.readAll()
    const hurried = new Setup(context, 0, 60_000)
    hurried.append('two\n')
    const more = hurried.reader.more()
    assert.equal(await isSettled(more), false)
    assert.equal(hurried.reader.hurry(), true)
    await more
    hurried.readAll()
    assert.equal(setup.bytes + hurried.bytes, 'one\ntwo\n')
  })

  it('lets nothing wait once everything must be read', async (context) => {
    const setup = new Setup(context, 0, 60_000)
    setup.append('one\n')
    const more = setup.reader.more()
    setup.reader.hurryForEver()
    await more
    setup.readAll()
    const next = setup.reader.more()
    setup.append('two\n')
    await next
    setup.readAll()
    assert.equal(setup.bytes, 'one\ntwo\n')
  })

  it('says which bytes are missing, and goes on after them', (context) => {
    const setup = new Setup(context)
    setup.append('a'.repeat(65_536) + 'b'.repeat(65_536) + 'c'.repeat(10))
    truncateSync(join(setup.folder, '0000000000065536.lines'), 0)
    setup.reopen()
    setup.readAll()
    assert.deepEqual(setup.lost, [{ kind: 'missing', from: 65_536, to: 131_072 }])
    assert.equal(setup.bytes, 'a'.repeat(65_536) + 'c'.repeat(10))
  })

  it('says once that the journal cannot be read, tries again, and loses nothing', async (context) => {
    const setup = new Setup(context)
    const text = `${'a'.repeat(65_536) + 'b'.repeat(65_536)}c`
    setup.append(text)
    const path = join(setup.folder, '0000000000000000.lines')
    renameSync(path, `${path}.away`)
    symlinkSync(path, path)
    for (let attempt = 0; attempt < 3; attempt++) setup.readAll()
    assert.equal(setup.countLines(/cannot be read/), 1)
    rmSync(path)
    renameSync(`${path}.away`, path)
    // This timer keeps the process alive while the reader waits.
    const alive = setTimeout(() => {}, 60_000)
    await setup.reader.more()
    clearTimeout(alive)
    setup.readAll()
    assert.equal(setup.countLines(/cannot be read/), 1)
    assert.equal(setup.countLines(/can be read again/), 1)
    assert.deepEqual(setup.lost, [])
    assert.equal(setup.bytes, text)
  })
})
