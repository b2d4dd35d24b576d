import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { JournalTap } from '../../../console/record/journal-tap.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'
import { type Pipeline, startPipeline } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'
import { runLine } from '../terminal/terminal-harness.ts'

const RECORDS = 30
/** Datagrams a second, while a disk fills. */
const RATE = 2_000
const MAIN = fileURLToPath(new URL('../../../console/terminal/main.js', import.meta.url))
/** Mounting a small file system takes a namespace of one's own. */
const MAY_MOUNT = spawnSync('unshare', ['-rm', 'true']).status === 0

function message(index: number): Buffer {
  const header = { now: Date.now(), uptimeMs: 60_000, domain: 0, sequence: index * RECORDS }
  return encodeNumbered(5, header, { first: index * RECORDS, count: RECORDS, withTemplate: false })
}

describe('netflow record', () => {
  let pipeline: Pipeline
  let sent = 0
  before(async () => {
    // The writer deletes small segments while they are recorded. Each lives for a batch at least, so
    // batches are long enough for a busy machine to see all of them.
    pipeline = await startPipeline({
      environment: { FLUSH_INTERVAL_MS: '1000', JOURNAL_SEGMENT_BYTES: '65536' },
    })
  })
  after(() => pipeline.stop())

  const exporters = () => ['127.0.0.1', '127.0.0.2'].map((from) => pipeline.makeExporter(from))
  const journal = () => join(pipeline.folder, 'journal')
  const run = (line: string, signal?: AbortSignal) =>
    runLine(line, '', { environment: { JOURNAL_DIR: journal() }, ...(signal && { signal }) })
  const send = async (count: number) => {
    const [first, second] = exporters()
    for (let index = 0; index < count; index++) {
      await (index % 2 === 0 ? first : second)?.send(message(sent + (index >>> 1)))
    }
    sent += count
    await pipeline.expectNumber('select count(*) from flows', sent * RECORDS)
  }
  const linesOf = (path: string) =>
    gunzipSync(readFileSync(path))
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('['))

  it('follows the journal while its segments are deleted, and loses nothing', async () => {
    const controller = new AbortController()
    await send(2)
    const path = join(pipeline.folder, 'all.lines.gz')
    const outcome = run(`netflow record --keep-free 0 ${path}`, controller.signal)
    // Datagrams from before its beginning would not be recorded.
    await until('the recording has begun', () => existsSync(path))
    await send(300)
    controller.abort()
    const { code, stderr } = await outcome
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^netflow: recorded 300 datagrams in .*all\.lines\.gz \(\d+ bytes\)\n$/)
    assert.equal(linesOf(path).length, 300)
    await pipeline.expectNumber('select difference from pipeline_balance', 0)
  })

  it('records what the journal holds, of one exporter, with other addresses', async () => {
    const path = join(pipeline.folder, 'once.lines.gz')
    await send(20)
    const { code, stderr } = await run(
      `netflow record --once --keep-free 0 --exporter 127.0.0.2 --anonymize --key k ${path}`,
    )
    assert.equal(code, 0, stderr)
    const recorded = Number(/recorded (\d+) datagrams/.exec(stderr)?.[1])
    assert.equal(linesOf(path).length, recorded)
    assert.match(stderr, /; \d+ of other exporters left out/)
    assert.ok(linesOf(path).every((line) => !line.includes('127.0.0.')))
  })

  it('begins a new file at a size', async () => {
    const path = join(pipeline.folder, 'rotated.lines.gz')
    const { code, stderr } = await run(
      `netflow record --once --keep-free 0 --rotate-size 1 ${path}`,
    )
    assert.equal(code, 0, stderr)
    assert.match(stderr, /rotated-\d{8}T\d{6}Z-0001\.lines\.gz/)
  })

  it('refuses wrong use by 2, and what cannot be recorded by 1', async () => {
    const path = join(pipeline.folder, 'never.lines.gz')
    const taken = join(pipeline.folder, 'all.lines.gz')
    for (const [line, code, text] of [
      [`netflow record --rotate-size big ${path}`, 2, /--rotate-size: "big" is no size/],
      [`netflow record --rotate-time 5 ${path}`, 2, /--rotate-time: "5" is no duration/],
      [`netflow record --key k ${path}`, 2, /--key goes with --anonymize/],
      [`netflow record --once --keep-free 0 ${taken}`, 1, /there is a file already/],
      [
        `netflow record --once --journal /nowhere ${path}`,
        1,
        /JOURNAL_DIR \/nowhere cannot be read/,
      ],
      [
        `netflow record --once --keep-free 900T ${path}`,
        1,
        /stay free \(--keep-free\): the recording/,
      ],
    ] as const) {
      const outcome = await run(line)
      assert.equal(outcome.code, code, line)
      assert.match(outcome.stderr, text)
    }
  })

  it('stops when the disk is full under 2,000 datagrams a second, and the pipeline loses nothing', {
    skip: !MAY_MOUNT && 'no file system can be mounted here',
  }, async () => {
    const folder = join(pipeline.folder, 'small')
    mkdirSync(folder)
    const script = 'mount -t tmpfs -o size=128k tmpfs "$1" && exec "$2" "$3" record "$1/full.gz"'
    const child = spawn(
      'unshare',
      ['-rm', 'sh', '-c', script, 'sh', folder, process.execPath, MAIN],
      {
        env: { ...process.env, JOURNAL_DIR: journal() },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    let said = ''
    child.stderr.on('data', (text) => {
      said += String(text)
    })
    const exit = once(child, 'exit')
    let isOver = false
    exit.then(() => {
      isOver = true
    })
    const [first, second] = exporters()
    // Keeps this pace whatever the disk of the recording does, and for a second after its end.
    const startedAt = performance.now()
    let here = 0
    for (let left = RATE; left > 0 && here < 40 * RATE; ) {
      const due = Math.floor(((performance.now() - startedAt) * RATE) / 1000)
      // A burst after a pause of this process would be more than the rate.
      for (let burst = 0; here < due && burst < RATE / 100; here++, burst++) {
        await (here % 2 === 0 ? first : second)?.send(message(sent + (here >>> 1)))
        if (isOver) left -= 1
      }
      await sleep(5)
    }
    const [code] = await exit
    sent += here
    assert.equal(code, 1, said)
    assert.match(said, /full\.gz: its file system is full: the recording has stopped; the pipeline/)
    await pipeline.expectNumber('select count(*) from flows', sent * RECORDS)
    await pipeline.expectRows(
      `select collector_received::int as received, kernel_dropped::int as kernel,
         queue_dropped::int as queue, difference::int
       from pipeline_balance`,
      [{ received: sent, kernel: 0, queue: 0, difference: 0 }],
    )
  })
})

describe('JournalTap', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netflow-tap-'))
  after(() => rmSync(folder, { recursive: true }))
  const segment = (start: number) => join(folder, `${String(start).padStart(16, '0')}.lines`)

  it('says where no journal is', () => {
    const tap = new JournalTap(folder, 1)
    assert.throws(() => tap.open('start'), /holds no journal: start the writer first/)
  })

  it('reads segments that were deleted meanwhile, and counts bytes that it missed', () => {
    writeFileSync(segment(0), 'a'.repeat(100))
    writeFileSync(segment(100), 'b'.repeat(100))
    const tap = new JournalTap(folder, 1_000)
    tap.open('start')
    for (const start of [0, 100]) rmSync(segment(start))
    assert.equal(tap.read()?.bytes.toString(), 'a'.repeat(100))
    assert.equal(tap.read()?.bytes.toString(), 'b'.repeat(100))
    // The segment from 200 was written and deleted between two looks.
    writeFileSync(segment(300), 'c')
    tap.look()
    const read = tap.read()
    assert.deepEqual([read?.bytes.toString(), read?.missedBytes], ['c', 100])
    tap.close()
  })

  it('says that another journal has taken the place of the one that it follows', () => {
    const tap = new JournalTap(folder, 1_000)
    tap.open('end')
    rmSync(segment(300))
    writeFileSync(segment(0), 'e')
    assert.throws(() => tap.look(), /another journal is in .*: start the recording again/)
    tap.close()
  })

  it('gives up the oldest bytes rather than to fill the disk, and counts them', () => {
    for (const start of [0, 100, 200]) writeFileSync(segment(start), 'd'.repeat(100))
    const tap = new JournalTap(folder, 1_000)
    tap.open('start')
    tap.close()
    const small = new JournalTap(folder, 150)
    small.open('start')
    small.look()
    const read = small.read()
    assert.deepEqual([read?.bytes.length, read?.missedBytes], [100, 200])
    small.close()
  })
})
