import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { Journal, type JournalOptions } from '../../../writer/journal/journal.ts'
import { JournalError } from '../../../writer/journal/journal-folder.ts'
import { appendBytes } from './append-bytes.ts'

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function openJournal(folder: string, options: Partial<JournalOptions> = {}): Journal {
  const limits = { maxBytes: 1_048_576, segmentBytes: 65_536, fsync: false }
  const journal = new Journal({ folder, ...limits, ...options })
  journal.open()
  return journal
}

interface ReadBack {
  readonly bytes: Buffer
  readonly gaps: readonly { readonly kind: string; readonly from: number; readonly to: number }[]
}

function readBack(journal: Journal, from: number): ReadBack {
  const chunks: Buffer[] = []
  const gaps: { kind: string; from: number; to: number }[] = []
  let position = from
  for (let read = journal.read(position); read; read = journal.read(position)) {
    if (read.kind === 'bytes') {
      chunks.push(Buffer.from(read.bytes))
      position += read.bytes.length
    } else {
      gaps.push({ kind: read.kind, from: position, to: read.to })
      position = read.to
    }
  }
  assert.equal(position, journal.end)
  return { bytes: Buffer.concat(chunks), gaps }
}

/** Bytes that differ from place to place. */
function numbered(length: number, from = 0): Buffer {
  const bytes = Buffer.alloc(length)
  for (let index = 0; index < length; index++) {
    bytes[index] = ((from + index) * 2_654_435_761) >>> 24
  }
  return bytes
}

function segmentsOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.lines'))
    .sort()
}

describe('a journal', () => {
  it('returns the appended bytes, from any position, over any number of starts', (context) => {
    const pieces = fc.array(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(pieces, fc.nat(), (starts, mark) => {
        const folder = makeFolder(context)
        let length = 0
        for (const sizes of starts) {
          const journal = openJournal(folder, { segmentBytes: 65_536 })
          assert.equal(journal.end, length)
          for (const size of sizes) {
            appendBytes(journal, numbered(size, length))
            length += size
          }
          journal.close()
        }
        const journal = openJournal(folder)
        const from = mark % (length + 1)
        const { bytes, gaps } = readBack(journal, from)
        assert.deepEqual(gaps, [])
        assert.ok(bytes.equals(numbered(length - from, from)))
        assert.equal(journal.bytes, length)
        journal.close()
      }),
      { numRuns: 40 },
    )
  })

  it('reads bytes that are appended while it is read', (context) => {
    const journal = openJournal(makeFolder(context))
    const whole = numbered(300_000)
    let position = 0
    for (let at = 0; at < whole.length; at += 1_111) {
      appendBytes(journal, whole.subarray(at, Math.min(at + 1_111, whole.length)))
      const { bytes } = readBack(journal, position)
      assert.ok(bytes.equals(whole.subarray(position, position + bytes.length)))
      position += bytes.length
    }
    assert.equal(position, whole.length)
    journal.close()
  })

  it('deletes segments that are wholly before a position, and never the last one', (context) => {
    const folder = makeFolder(context)
    const journal = openJournal(folder)
    appendBytes(journal, numbered(200_000))
    assert.equal(segmentsOf(folder).length, 4)
    journal.trim(65_535)
    assert.equal(journal.start, 0)
    journal.trim(131_072)
    assert.equal(journal.start, 131_072)
    assert.equal(journal.bytes, 200_000 - 131_072)
    journal.trim(200_000)
    assert.deepEqual(segmentsOf(folder), ['0000000000196608.lines'])
    assert.equal(journal.end, 200_000)
    journal.close()
    const next = openJournal(folder)
    assert.equal(next.end, 200_000)
    next.close()
  })

  it('has room up to its limit, and again when segments are deleted, however large those are', (context) => {
    const options = { maxBytes: 1_048_576, segmentBytes: 1_073_741_824 }
    const journal = openJournal(makeFolder(context), options)
    appendBytes(journal, numbered(journal.room))
    assert.equal(journal.room, 0)
    assert.equal(journal.fill, 1)
    journal.trim(journal.end)
    assert.ok(journal.room >= 786_432)
    journal.close()
  })

  it('skips damaged blocks, and reads all others', (context) => {
    const folder = makeFolder(context)
    const journal = openJournal(folder)
    const whole = numbered(200_000)
    appendBytes(journal, whole)
    journal.close()
    const path = join(folder, '0000000000065536.lines')
    const bytes = readFileSync(path)
    bytes[10_000] = (bytes[10_000] ?? 0) ^ 0x10
    writeFileSync(path, bytes)
    const next = openJournal(folder)
    const { bytes: found, gaps } = readBack(next, 0)
    const from = 65_536 + 8_192
    assert.deepEqual(gaps, [{ kind: 'corrupt', from, to: from + 4_096 }])
    const good = Buffer.concat([whole.subarray(0, from), whole.subarray(from + 4_096)])
    assert.ok(found.equals(good))
    next.close()
  })

  it('finds damage to bytes that have waited for long, or are many, and were not read', (context) => {
    for (const [bytes, looks] of [
      [120_000, 2],
      [600_000, 0],
    ] as const) {
      const folder = makeFolder(context)
      const journal = openJournal(folder, { segmentBytes: 1_048_576, maxBytes: 4_194_304 })
      appendBytes(journal, numbered(bytes))
      for (let look = 0; look < looks; look++) journal.sealOld()
      const path = join(folder, '0000000000000000.lines')
      const content = readFileSync(path)
      content.fill(0, 20_480, 24_576)
      writeFileSync(path, content)
      const { gaps } = readBack(journal, 0)
      assert.deepEqual(gaps, [{ kind: 'corrupt', from: 20_480, to: 24_576 }])
      journal.close()
    }
  })

  it('reports missing bytes: a segment, the end of one, and those before the first', (context) => {
    const folder = makeFolder(context)
    const journal = openJournal(folder)
    appendBytes(journal, numbered(330_000))
    journal.close()
    rmSync(join(folder, '0000000000000000.lines'))
    rmSync(join(folder, '0000000000131072.lines'))
    truncateSync(join(folder, '0000000000196608.lines'), 10_000)
    const next = openJournal(folder)
    const { gaps } = readBack(next, 0)
    assert.deepEqual(gaps, [
      { kind: 'missing', from: 0, to: 65_536 },
      { kind: 'missing', from: 131_072, to: 196_608 },
      { kind: 'missing', from: 206_608, to: 262_144 },
    ])
    next.close()
  })

  it('goes on at the place where a cut segment ends', (context) => {
    const folder = makeFolder(context)
    const journal = openJournal(folder)
    appendBytes(journal, numbered(50_000))
    journal.close()
    truncateSync(join(folder, '0000000000000000.lines'), 33_333)
    const next = openJournal(folder)
    assert.equal(next.end, 33_333)
    appendBytes(next, numbered(20_000, 33_333))
    const { bytes, gaps } = readBack(next, 0)
    assert.deepEqual(gaps, [])
    assert.ok(bytes.equals(numbered(53_333)))
    next.close()
  })

  it('moves bytes since the start after the position of the database', (context) => {
    const folder = makeFolder(context)
    const journal = openJournal(folder)
    appendBytes(journal, numbered(70_000))
    journal.close()
    truncateSync(join(folder, '0000000000065536.lines'), 1_000)
    const next = openJournal(folder)
    appendBytes(next, numbered(100_000, 70_000))
    assert.equal(next.moveAfter(70_000), 70_000 - 66_536)
    assert.equal(next.end, 170_000)
    const { bytes, gaps } = readBack(next, 70_000)
    assert.deepEqual(gaps, [])
    assert.ok(bytes.equals(numbered(100_000, 70_000)))
    next.close()
    const last = openJournal(folder)
    assert.equal(last.end, 170_000)
    assert.ok(readBack(last, 70_000).bytes.equals(numbered(100_000, 70_000)))
    last.close()
  })

  it('does not move bytes that the database lacks', (context) => {
    const journal = openJournal(makeFolder(context))
    appendBytes(journal, numbered(1_000))
    assert.equal(journal.moveAfter(0), 0)
    assert.equal(journal.end, 1_000)
    journal.close()
  })

  it('takes nothing when bytes cannot be moved, and goes on afterwards', (context) => {
    const folder = makeFolder(context)
    const journal = openJournal(folder)
    assert.throws(
      () =>
        journal.append(
          {
            moveTo() {
              throw new Error('no room')
            },
          },
          10,
        ),
      /no room/,
    )
    assert.equal(journal.end, 0)
    appendBytes(journal, numbered(10))
    assert.ok(readBack(journal, 0).bytes.equals(numbered(10)))
    journal.close()
  })

  it('refuses segments that overlap, and a folder that is a file', (context) => {
    const folder = makeFolder(context)
    writeFileSync(join(folder, '0000000000000000.lines'), numbered(10))
    writeFileSync(join(folder, '0000000000000005.lines'), numbered(10))
    assert.throws(() => openJournal(folder), JournalError)
    const file = join(folder, 'file')
    writeFileSync(file, '')
    assert.throws(() => openJournal(file), JournalError)
  })

  it('leaves other files in its folder alone', (context) => {
    const folder = makeFolder(context)
    writeFileSync(join(folder, 'journal-id'), 'x')
    mkdirSync(join(folder, 'lost+found'))
    const journal = openJournal(folder)
    appendBytes(journal, numbered(200_000))
    journal.trim(200_000)
    journal.close()
    assert.ok(statSync(join(folder, 'lost+found')).isDirectory())
    assert.equal(readFileSync(join(folder, 'journal-id'), 'utf8'), 'x')
  })
})
