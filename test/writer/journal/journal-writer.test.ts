import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Libc, loadLibc } from '../../../shared/libc.ts'
import { JournalError } from '../../../writer/journal/journal-folder.ts'
import {
  JournalWriter,
  type JournalWriterSettings,
} from '../../../writer/journal/journal-writer.ts'
import { PipeError } from '../../../writer/journal/pipe-source.ts'
import { RecordingLogger } from '../../collector/recording-logger.ts'
import { until } from '../../helpers/until.ts'

const libc = loadLibc()

interface Options {
  readonly settings?: Partial<JournalWriterSettings>
  readonly calls?: Libc | undefined
}

interface Setup {
  readonly settings: JournalWriterSettings
  readonly recorded: RecordingLogger
  readonly intake: JournalWriter
  makeIntake(options?: Options): JournalWriter
}

function setUp(context: TestContext, limits: Partial<JournalWriterSettings> = {}): Setup {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-intake-'))
  const settings: JournalWriterSettings = {
    NAMED_PIPE_FILENAME: join(folder, 'netflow.pipe'),
    JOURNAL_DIR: join(folder, 'journal'),
    JOURNAL_MAX_BYTES: 1_048_576,
    JOURNAL_SEGMENT_BYTES: 262_144,
    JOURNAL_FSYNC: 'off',
    ...limits,
  }
  const recorded = new RecordingLogger()
  const { logger } = recorded
  const intakes: JournalWriter[] = []
  const makeIntake = (options: Options = {}) => {
    const made = new JournalWriter({
      settings: { ...settings, ...options.settings },
      libc: 'calls' in options ? options.calls : libc,
      logger,
      calmMs: 100,
    })
    intakes.push(made)
    return made
  }
  context.after(() => {
    for (const made of intakes) made.close()
    rmSync(folder, { recursive: true })
  })
  return { settings, recorded, intake: makeIntake(), makeIntake }
}

function readAll({ JOURNAL_DIR }: JournalWriterSettings): string {
  const names = readdirSync(JOURNAL_DIR).filter((name) => name.endsWith('.lines'))
  return names
    .sort()
    .map((name) => readFileSync(join(JOURNAL_DIR, name), 'latin1'))
    .join('')
}

/** Puts bytes into the pipe, which must have room for them. */
function write({ NAMED_PIPE_FILENAME }: JournalWriterSettings, bytes: string): void {
  appendFileSync(NAMED_PIPE_FILENAME, bytes)
}

describe('the intake of the pipe', () => {
  it('makes pipe and journal, and moves what comes into the journal', async (context) => {
    const { intake, settings } = setUp(context)
    intake.start()
    assert.match(intake.journalId, /^[0-9a-f-]{36}$/)
    assert.equal(intake.journalDatabase, undefined)
    write(settings, 'one\n')
    await until('the line is moved', () => intake.journal.end === 4)
    write(settings, 'two\n')
    await until('the next line is moved', () => intake.journal.end === 8)
    assert.equal(readAll(settings), 'one\ntwo\n')
  })

  it('does so without the C library, too', async (context) => {
    const { settings, recorded, makeIntake } = setUp(context)
    const intake = makeIntake({ calls: undefined })
    intake.start()
    assert.equal(recorded.find(/^reading the pipe/)?.['splice'], false)
    write(settings, 'x'.repeat(50_000))
    await until('all is moved', () => intake.journal.end === 50_000)
  })

  it('keeps its identity and goes on behind its predecessor', async (context) => {
    const { intake, settings, makeIntake } = setUp(context)
    intake.start()
    write(settings, 'one\n')
    await until('the line is moved', () => intake.journal.end === 4)
    intake.close()
    const next = makeIntake()
    next.start()
    assert.equal(next.journalId, intake.journalId)
    write(settings, 'two\n')
    await until('the next line is moved', () => next.journal.end === 8)
    assert.equal(readAll(settings), 'one\ntwo\n')
  })

  it('begins anew where an identity was only half made', (context) => {
    const { intake, settings } = setUp(context)
    intake.start()
    intake.close()
    rmSync(join(settings.JOURNAL_DIR, 'journal-id'))
    writeFileSync(join(settings.JOURNAL_DIR, 'journal-id.new'), '')
    intake.start()
    assert.match(intake.journalId, /^[0-9a-f-]{36}$/)
  })

  it('stops at the limit, says so once, and goes on when segments are deleted', async (context) => {
    const { intake, settings, recorded } = setUp(context)
    intake.start()
    const told = (text: RegExp) => recorded.lines.filter(({ msg }) => text.test(msg)).length
    // More than the pipe takes at once: in portions.
    for (let written = 0; written < 1_200_000; written += 60_000) {
      write(settings, 'y'.repeat(60_000))
      if (written < 900_000) {
        await until('it is moved', () => intake.journal.end === written + 60_000)
      }
    }
    await until('the journal is full', () => intake.hindrance === 'journal-full')
    assert.equal(intake.journal.end, 1_048_576)
    assert.equal(told(/^the journal is full/), 1)
    intake.journal.trim(intake.journal.end)
    await until('the rest is moved', () => intake.journal.end === 1_200_000)
    assert.equal(intake.hindrance, undefined)
    assert.equal(told(/^the journal takes bytes again/), 0)
    await until('that is told', () => told(/^the journal takes bytes again/) === 1)
    assert.equal(told(/^the journal is full/), 1)
  })

  it('drains the pipe beyond the limit when it stops, and not for ever', async (context) => {
    const { intake, settings } = setUp(context)
    intake.start()
    for (let written = 0; written < 1_080_000; written += 60_000) {
      write(settings, 'z'.repeat(60_000))
      if (written < 900_000) {
        await until('it is moved', () => intake.journal.end === written + 60_000)
      }
    }
    await until('the journal is full', () => intake.hindrance === 'journal-full')
    await intake.drain()
    assert.equal(intake.journal.end, 1_080_000)
  })

  it('leaves the pipe to the next reader once it has stopped', async (context) => {
    const { intake, settings } = setUp(context)
    intake.start()
    intake.stop()
    write(settings, 'later\n')
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(intake.journal.end, 0)
  })

  it('does not share its folder or its pipe', { skip: libc ? false : 'no locks' }, (context) => {
    const { intake, settings, makeIntake } = setUp(context)
    intake.start()
    const other = { NAMED_PIPE_FILENAME: `${settings.NAMED_PIPE_FILENAME}.other` }
    assert.throws(() => makeIntake({ settings: other }).start(), JournalError)
    const elsewhere = { JOURNAL_DIR: `${settings.JOURNAL_DIR}.other` }
    assert.throws(() => makeIntake({ settings: elsewhere }).start(), PipeError)
    intake.close()
    makeIntake().start()
  })

  it('refuses a folder that is a file, and an identity that is none', (context) => {
    const { settings, makeIntake } = setUp(context)
    const file = `${settings.JOURNAL_DIR}.file`
    writeFileSync(file, '')
    assert.throws(() => makeIntake({ settings: { JOURNAL_DIR: file } }).start(), JournalError)
    const first = makeIntake()
    first.start()
    first.close()
    writeFileSync(join(settings.JOURNAL_DIR, 'journal-id'), 'me\n')
    assert.throws(() => makeIntake().start(), /holds no journal id/)
  })
})

describe('the intake when the journal cannot be written', () => {
  it('tells another failure than a full disk, too, and tries again', async (context) => {
    const { intake, settings, recorded } = setUp(context)
    intake.start()
    const { append } = intake.journal
    const failing = context.mock.method(intake.journal, 'append', () => {
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    })
    write(settings, 'kept\n')
    await until('it has failed', () => intake.hindrance === 'failed')
    failing.mock.restore()
    assert.equal(intake.journal.append, append)
    await until('the line is moved', () => intake.journal.end === 5)
    assert.equal(readAll(settings), 'kept\n')
    const told = recorded.lines.filter(({ msg }) => /^the journal cannot be written/.test(msg))
    assert.equal(told.length, 1)
  })
})
