import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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
const noLibc = libc ? false : 'the C library cannot be called here'

interface Options {
  readonly settings?: Partial<JournalWriterSettings>
  readonly calls?: Libc | undefined
}

interface Setup {
  readonly settings: JournalWriterSettings
  readonly recorded: RecordingLogger
  readonly writer: JournalWriter
  makeWriter(options?: Options): JournalWriter
}

function setUp(context: TestContext, limits: Partial<JournalWriterSettings> = {}): Setup {
  const folder = mkdtempSync(join(tmpdir(), 'journal-writer-'))
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
  const writers: JournalWriter[] = []
  const makeWriter = (options: Options = {}) => {
    const made = new JournalWriter({
      settings: { ...settings, ...options.settings },
      libc: 'calls' in options ? options.calls : libc,
      logger,
      calmMs: 100,
    })
    writers.push(made)
    return made
  }
  context.after(() => {
    for (const made of writers) made.close()
    rmSync(folder, { recursive: true })
  })
  return { settings, recorded, writer: makeWriter(), makeWriter }
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

describe('the writer of the journal', () => {
  it('creates pipe and journal, and moves bytes from one into the other', async (context) => {
    const { writer, settings } = setUp(context)
    writer.start()
    assert.match(writer.kept.id, /^[0-9a-f-]{36}$/)
    assert.equal(writer.kept.database, undefined)
    write(settings, 'one\n')
    await until('the line is moved', () => writer.journal.end === 4)
    write(settings, 'two\n')
    await until('the next line is moved', () => writer.journal.end === 8)
    assert.equal(readAll(settings), 'one\ntwo\n')
  })

  it('sleeps while nothing comes, and moves what comes then', { skip: noLibc }, async (context) => {
    assert.ok(libc)
    let moves = 0
    let watches = 0
    const calls: Libc = {
      ...libc,
      movePipeToFile: (...values) => {
        moves += 1
        return libc.movePipeToFile(...values)
      },
      watchReadable: (fd, onReadable) => {
        watches += 1
        return libc.watchReadable(fd, onReadable)
      },
    }
    const { settings, makeWriter } = setUp(context)
    const writer = makeWriter({ calls })
    writer.start()
    for (let burst = 1; burst <= 3; burst++) {
      write(settings, 'x'.repeat(50_000))
      await until('the burst is moved', () => writer.journal.end === burst * 50_000)
      const before = moves
      await sleep(100)
      assert.ok(moves - before <= 2, `${moves - before} moves of an empty pipe`)
    }
    assert.equal(watches, 1)
  })

  it('misses no bytes, in whatever rhythm and size they come', {
    skip: noLibc,
  }, async (context) => {
    const { writer, settings } = setUp(context)
    writer.start()
    // Pauses around those of the moves (1 to 16 ms), sizes around those that change the pauses.
    const pausesMs = [0, 0, 1, 3, 17, 16, 0, 15, 2, 25, 18, 18, 0, 1]
    const sizes = [1, 40_000, 200, 3, 200_000, 2_000, 20_000, 150]
    let sent = 0
    for (let round = 0; round < 60; round++) {
      const size = sizes[round % sizes.length] ?? 0
      write(settings, 'x'.repeat(size))
      sent += size
      await sleep(pausesMs[round % pausesMs.length])
      // A wake-up that is lost would be made up for by that of the next bytes.
      if (round % 3 === 0) await until('all is moved', () => writer.journal.end === sent)
      writer.journal.trim(sent)
    }
    await until('the rest is moved', () => writer.journal.end === sent)
  })

  it('lets the reader of the journal go on, whatever wakes it', async (context) => {
    const { writer, settings } = setUp(context)
    writer.start()
    for (let line = 1; line <= 10; line++) {
      const grown = new Promise<void>((resolve) => writer.journal.awaitEnd(line * 4, resolve))
      // Longer than a pause, so that the bytes themselves wake the writer.
      if (line % 2 === 0) await sleep(20)
      write(settings, 'one\n')
      await grown
    }
    assert.equal(writer.journal.end, 40)
  })

  it('turns to a pipe that replaces the present one while it sleeps', async (context) => {
    const { writer, settings } = setUp(context)
    writer.start()
    rmSync(settings.NAMED_PIPE_FILENAME)
    await until('there is a new pipe', () => existsSync(settings.NAMED_PIPE_FILENAME))
    for (const [text, end] of [
      ['one\n', 4],
      ['two\n', 8],
    ] as const) {
      write(settings, text)
      await until('the line is moved', () => writer.journal.end === end)
    }
  })

  it('works without the C library, too', async (context) => {
    const { settings, recorded, makeWriter } = setUp(context)
    const writer = makeWriter({ calls: undefined })
    writer.start()
    assert.equal(recorded.find(/^reading the pipe/)?.['splice'], false)
    write(settings, 'x'.repeat(50_000))
    await until('all is moved', () => writer.journal.end === 50_000)
  })

  it('keeps its identity and goes on after its predecessor', async (context) => {
    const { writer, settings, makeWriter } = setUp(context)
    writer.start()
    write(settings, 'one\n')
    await until('the line is moved', () => writer.journal.end === 4)
    writer.close()
    const next = makeWriter()
    next.start()
    assert.equal(next.kept.id, writer.kept.id)
    write(settings, 'two\n')
    await until('the next line is moved', () => next.journal.end === 8)
    assert.equal(readAll(settings), 'one\ntwo\n')
  })

  it('begins anew where an identity was only half made', (context) => {
    const { writer, settings } = setUp(context)
    writer.start()
    writer.close()
    rmSync(join(settings.JOURNAL_DIR, 'journal-id'))
    writeFileSync(join(settings.JOURNAL_DIR, 'journal-id.new'), '')
    writer.start()
    assert.match(writer.kept.id, /^[0-9a-f-]{36}$/)
  })

  it('stops at the limit, says so once, and goes on when segments are deleted', async (context) => {
    const { writer, settings, recorded } = setUp(context)
    writer.start()
    const told = (text: RegExp) => recorded.lines.filter(({ msg }) => text.test(msg)).length
    // More than the pipe takes at once: in portions.
    for (let written = 0; written < 1_200_000; written += 60_000) {
      write(settings, 'y'.repeat(60_000))
      if (written < 900_000) {
        await until('it is moved', () => writer.journal.end === written + 60_000)
      }
    }
    await until('the journal is full', () => writer.hindrance === 'journal-full')
    assert.equal(writer.journal.end, 1_048_576)
    assert.equal(told(/^the journal is full/), 1)
    writer.journal.trim(writer.journal.end)
    await until('the rest is moved', () => writer.journal.end === 1_200_000)
    assert.equal(writer.hindrance, undefined)
    assert.equal(told(/^the journal takes bytes again/), 0)
    await until('that is told', () => told(/^the journal takes bytes again/) === 1)
    assert.equal(told(/^the journal is full/), 1)
  })

  it('drains the pipe beyond the limit when it stops, and not for ever', async (context) => {
    const { writer, settings } = setUp(context)
    writer.start()
    for (let written = 0; written < 1_080_000; written += 60_000) {
      write(settings, 'z'.repeat(60_000))
      if (written < 900_000) {
        await until('it is moved', () => writer.journal.end === written + 60_000)
      }
    }
    await until('the journal is full', () => writer.hindrance === 'journal-full')
    await writer.drain()
    assert.equal(writer.journal.end, 1_080_000)
  })

  it('leaves the pipe to the next reader once it has stopped', async (context) => {
    const { writer, settings } = setUp(context)
    writer.start()
    writer.stop()
    write(settings, 'later\n')
    await sleep(100)
    assert.equal(writer.journal.end, 0)
  })

  it('does not share its folder or its pipe', { skip: libc ? false : 'no locks' }, (context) => {
    const { writer, settings, makeWriter } = setUp(context)
    writer.start()
    const other = { NAMED_PIPE_FILENAME: `${settings.NAMED_PIPE_FILENAME}.other` }
    assert.throws(() => makeWriter({ settings: other }).start(), JournalError)
    const elsewhere = { JOURNAL_DIR: `${settings.JOURNAL_DIR}.other` }
    assert.throws(() => makeWriter({ settings: elsewhere }).start(), PipeError)
    writer.close()
    makeWriter().start()
  })

  it('refuses a folder that is a file, and an identity that is none', (context) => {
    const { settings, makeWriter } = setUp(context)
    const file = `${settings.JOURNAL_DIR}.file`
    writeFileSync(file, '')
    assert.throws(() => makeWriter({ settings: { JOURNAL_DIR: file } }).start(), JournalError)
    const first = makeWriter()
    first.start()
    first.close()
    writeFileSync(join(settings.JOURNAL_DIR, 'journal-id'), 'me\n')
    assert.throws(() => makeWriter().start(), /holds no journal id/)
  })
})

describe('the writer of a journal that cannot be written', () => {
  it('reports other failures than a full disk, too, and tries again', async (context) => {
    const { writer, settings, recorded } = setUp(context)
    writer.start()
    const { append } = writer.journal
    const failing = context.mock.method(writer.journal, 'append', () => {
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    })
    write(settings, 'kept\n')
    await until('it has failed', () => writer.hindrance === 'failed')
    failing.mock.restore()
    assert.equal(writer.journal.append, append)
    await until('the line is moved', () => writer.journal.end === 5)
    assert.equal(readAll(settings), 'kept\n')
    const told = recorded.lines.filter(({ msg }) => /^the journal cannot be written/.test(msg))
    assert.equal(told.length, 1)
  })
})
