import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Journal } from '../../../writer/journal/journal.ts'
import { JournalReader, type LostBytes } from '../../../writer/journal/journal-reader.ts'
import { RecordingLogger } from '../../collector/recording-logger.ts'
import { until } from '../../helpers/until.ts'

class Setup {
  readonly folder = mkdtempSync(join(tmpdir(), 'journal-feed-'))
  readonly recorded = new RecordingLogger()
  readonly gaps: LostBytes[] = []
  readonly journal: Journal
  readonly feed: JournalReader
  hasRoom = true
  bytes = ''

  constructor(context: TestContext, position = 0) {
    const limits = { maxBytes: 10_000_000, segmentBytes: 65_536, fsync: false }
    this.journal = new Journal({ folder: this.folder, ...limits })
    this.journal.open()
    this.feed = new JournalReader({
      journal: this.journal,
      position,
      logger: this.recorded.logger,
      hasRoom: () => this.hasRoom,
      onBytes: (bytes) => {
        this.bytes += bytes.toString('latin1')
      },
      onGap: (gap) => this.gaps.push(gap),
    })
    context.after(() => {
      this.feed.stop()
      this.journal.close()
      rmSync(this.folder, { recursive: true })
    })
  }

  append(text: string): void {
    for (let at = 0; at < text.length; ) {
      at += this.journal.append(text.length - at, (fd, room) =>
        writeSync(fd, text.slice(at, at + room)),
      )
    }
    this.feed.wake()
  }

  untilCaughtUp(): Promise<boolean> {
    return until('it has caught up', () => this.feed.isCaughtUp)
  }
}

describe('the feed of the journal', () => {
  it('gives what is there, and what comes, in order', async (context) => {
    const setup = new Setup(context)
    setup.append('a'.repeat(200_000))
    setup.feed.start()
    await setup.untilCaughtUp()
    setup.append('b'.repeat(100))
    await setup.untilCaughtUp()
    assert.equal(setup.bytes, 'a'.repeat(200_000) + 'b'.repeat(100))
    assert.equal(setup.feed.position, 200_100)
  })

  it('begins at any position', async (context) => {
    const setup = new Setup(context, 70_000)
    setup.append(`${'a'.repeat(70_000)}rest`)
    setup.feed.start()
    await setup.untilCaughtUp()
    assert.equal(setup.bytes, 'rest')
  })

  it('gives nothing without room, and goes on when it is woken', async (context) => {
    const setup = new Setup(context)
    setup.hasRoom = false
    setup.append('line\n')
    setup.feed.start()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(setup.bytes, '')
    assert.equal(setup.feed.isCaughtUp, false)
    setup.hasRoom = true
    setup.feed.wake()
    await setup.untilCaughtUp()
    assert.equal(setup.bytes, 'line\n')
  })

  it('gives nothing before it is started or after it is stopped', async (context) => {
    const setup = new Setup(context)
    setup.append('early\n')
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.equal(setup.bytes, '')
    setup.feed.start()
    await setup.untilCaughtUp()
    setup.feed.stop()
    setup.append('late\n')
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.equal(setup.bytes, 'early\n')
  })

  it('tells what is missing, and goes on behind it', async (context) => {
    const setup = new Setup(context)
    setup.append('a'.repeat(65_536) + 'b'.repeat(65_536) + 'c'.repeat(10))
    truncateSync(join(setup.folder, '0000000000065536.lines'), 0)
    setup.journal.close()
    const next = new Journal({
      folder: setup.folder,
      maxBytes: 1e7,
      segmentBytes: 65_536,
      fsync: false,
    })
    next.open()
    context.after(() => next.close())
    let bytes = ''
    const gaps: LostBytes[] = []
    const feed = new JournalReader({
      journal: next,
      position: 0,
      logger: setup.recorded.logger,
      hasRoom: () => true,
      onBytes: (chunk) => {
        bytes += chunk.toString('latin1')
      },
      onGap: (gap) => gaps.push(gap),
    })
    context.after(() => feed.stop())
    feed.start()
    await until('it has caught up', () => feed.isCaughtUp)
    assert.deepEqual(gaps, [{ kind: 'missing', from: 65_536, to: 131_072 }])
    assert.equal(bytes, 'a'.repeat(65_536) + 'c'.repeat(10))
  })

  it('says once that the journal cannot be read, tries again, and loses nothing', async (context) => {
    const setup = new Setup(context)
    setup.append(`${'a'.repeat(65_536) + 'b'.repeat(65_536)}c`)
    const path = join(setup.folder, '0000000000000000.lines')
    renameSync(path, `${path}.away`)
    setup.feed.start()
    const told = (text: RegExp) => setup.recorded.lines.filter(({ msg }) => text.test(msg)).length
    await until('it has failed', () => told(/cannot be read/) > 0)
    await new Promise((resolve) => setTimeout(resolve, 1_300))
    renameSync(`${path}.away`, path)
    await setup.untilCaughtUp()
    assert.equal(told(/cannot be read/), 1)
    assert.equal(told(/can be read again/), 1)
    assert.deepEqual(setup.gaps, [])
    assert.equal(setup.bytes, `${'a'.repeat(65_536) + 'b'.repeat(65_536)}c`)
  })
})
