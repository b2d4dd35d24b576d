import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { loadLibc } from '../../../shared/libc.ts'
import { KeptJournal } from '../../../writer/journal/kept-journal.ts'
import { RecordingLogger } from '../../collector/recording-logger.ts'
import { appendBytes } from './append-bytes.ts'

const libc = loadLibc()

class Setup {
  readonly folder: string
  readonly recorded = new RecordingLogger()
  kept: KeptJournal

  constructor(context: TestContext) {
    const above = mkdtempSync(join(tmpdir(), 'kept-journal-'))
    this.folder = join(above, 'journal')
    this.kept = this.makeKept()
    context.after(() => {
      this.kept.close()
      rmSync(above, { recursive: true, force: true })
    })
  }

  makeKept(): KeptJournal {
    const { logger } = this.recorded
    const limits = { maxBytes: 1_048_576, segmentBytes: 65_536, fsync: false }
    return new KeptJournal({ folder: this.folder, libc, logger, ...limits })
  }

  reopen(): void {
    this.kept.close()
    this.kept = this.makeKept()
    this.kept.open()
  }

  append(text: string): void {
    appendBytes(this.kept.journal, Buffer.from(text))
  }

  /** Reads all bytes from a position on; missing ones as their count in braces. */
  read(from: number): string {
    let text = ''
    let position = from
    const { journal } = this.kept
    for (let read = journal.read(position); read; read = journal.read(position)) {
      text += read.kind === 'bytes' ? read.bytes.toString() : `{${read.to - position}}`
      position = read.to
    }
    return text
  }

  remove(start: number): void {
    rmSync(join(this.folder, `${String(start).padStart(16, '0')}.lines`))
  }
}

describe('a kept journal', () => {
  it('knows that it is loaded as long as nobody appends to it', (context) => {
    const setup = new Setup(context)
    setup.kept.open()
    setup.append('one')
    setup.kept.noteDatabase('here')
    setup.reopen()
    assert.equal(setup.kept.wasLoaded, false)
    setup.kept.noteLoaded()
    setup.reopen()
    assert.equal(setup.kept.wasLoaded, true)
    setup.append('two')
    assert.equal(setup.kept.wasLoaded, true, 'of what earlier processes have put there')
    setup.reopen()
    assert.equal(setup.kept.wasLoaded, false)
  })

  it('that is set aside keeps the bytes of this process, under another identity', (context) => {
    const setup = new Setup(context)
    setup.kept.open()
    setup.append('x'.repeat(70_000))
    setup.kept.noteDatabase('elsewhere')
    setup.kept.noteLoaded()
    setup.reopen()
    const { id } = setup.kept
    setup.append('new')
    setup.kept.setAside()
    assert.notEqual(setup.kept.id, id)
    assert.equal(setup.kept.database, undefined)
    assert.equal(setup.kept.journal.start, 70_000)
    assert.equal(setup.kept.journal.bytes, 3)
    assert.equal(setup.read(70_000), 'new')
    const aside = join(setup.folder, 'set-aside')
    assert.equal(readFileSync(join(aside, 'journal-id'), 'utf8').trim(), id)
    assert.ok(existsSync(join(aside, '0000000000065536.lines')))
    setup.reopen()
    assert.equal(setup.read(70_000), 'new')
  })

  it('misses a deleted segment at once, and reads on after it', (context) => {
    const setup = new Setup(context)
    setup.kept.open()
    setup.append(`${'a'.repeat(65_536)}${'b'.repeat(65_536)}c`)
    setup.remove(65_536)
    assert.equal(setup.read(0), `${'a'.repeat(65_536)}{65536}c`)
  })

  it('goes on in another segment when the newest one is deleted, and loses nothing', (context) => {
    const setup = new Setup(context)
    setup.kept.open()
    setup.append('before')
    setup.remove(0)
    setup.kept.mend()
    setup.append('after')
    assert.deepEqual(setup.recorded.find(/deleted the newest segment/)?.['position'], 0)
    assert.equal(setup.read(0), 'beforeafter')
    assert.equal(
      readFileSync(join(setup.folder, `${'6'.padStart(16, '0')}.lines`), 'utf8'),
      'after',
    )
  })

  it('creates its folder again when that is removed', (context) => {
    const setup = new Setup(context)
    setup.kept.open()
    setup.kept.noteDatabase('here')
    const { id } = setup.kept
    setup.append('before')
    rmSync(setup.folder, { recursive: true })
    setup.kept.mend()
    setup.append('after')
    assert.equal(setup.read(0), 'beforeafter')
    assert.ok(setup.recorded.find(/was removed while it is used/))
    if (libc) assert.throws(() => setup.makeKept().open(), /another writer is using/)
    setup.reopen()
    assert.equal(setup.kept.id, id)
    assert.equal(setup.kept.database, 'here')
    assert.equal(setup.read(6), 'after')
  })

  it('closes a folder of its own to others, and no other folder', (context) => {
    const setup = new Setup(context)
    mkdirSync(setup.folder)
    chmodSync(setup.folder, 0o755)
    setup.reopen()
    assert.equal(statSync(setup.folder).mode & 0o777, 0o700)
    chmodSync(setup.folder, 0o755)
    writeFileSync(join(setup.folder, 'of-somebody-else'), '')
    setup.reopen()
    assert.equal(statSync(setup.folder).mode & 0o777, 0o755)
    for (const name of readdirSync(setup.folder)) {
      if (name === 'of-somebody-else') continue
      assert.equal(statSync(join(setup.folder, name)).mode & 0o777, 0o600, name)
    }
  })
})
