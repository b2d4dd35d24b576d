/** The journal without room: at its limit, and on a full disk. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { describe, it } from 'node:test'
import { findFreePort } from '../helpers/free-port.ts'
import { type Pipeline, preparePipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { assertAllStored, FLOWS, readSegments, sendAndStore, settle, V5 } from './flow-account.ts'

const LIMIT = 1_048_576

describe('a journal that has reached its limit', () => {
  it('stops the reading, says so, and loses nothing that it has read', async (context) => {
    const port = await findFreePort()
    const pipeline = await startPipeline({
      ownServer: true,
      environment: {
        ...{ ...QUICK, JOURNAL_MAX_BYTES: String(LIMIT), COLLECTOR_QUEUE_BYTES: '262144' },
      },
      writerEnvironment: { METRICS_PORT: String(port) },
    })
    context.after(() => pipeline.stop())
    const sender = pipeline.makeSender(V5)
    const health = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/healthz`)
      return { status: response.status, ...((await response.json()) as object) }
    }
    await sendAndStore(pipeline, sender, 50)
    assert.equal((await health()).status, 200)
    await pipeline.server.stop('fast')
    await sender.send(2_000, 1_000)
    await pipeline.waitForLine(/^the journal is full/)
    const ill = await until('it is not healthy', async () => {
      const found = await health()
      return found.status === 503 && found
    })
    assert.equal((ill as { hindrance?: string }).hindrance, 'journal-full')
    const sizes = readSegments(pipeline).map(({ bytes }) => bytes.length)
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      LIMIT,
    )
    await pipeline.server.restart()
    await pipeline.waitForLine(/^the journal takes bytes again/)
    await until('it is healthy', async () => (await health()).status === 200)
    const account = await settle(pipeline, sender)
    const { received, dropped, kernelDropped, rows, lost } = account
    assert.equal(received + kernelDropped, sender.sentDatagrams)
    assert.equal(account.forwarded, received - dropped)
    assert.ok(dropped > 0, 'the queue of the collector did not overflow')
    assert.equal(rows, (received - dropped) * FLOWS)
    assert.equal(account.distinct, rows)
    assert.equal(lost, (dropped + kernelDropped) * FLOWS)
    assert.equal(account.lostInPipe, 0)
    assert.equal(account.differences, 0)
    const told = pipeline.findLines(/^the journal (is full|takes bytes)/)
    // It is full again with every segment that is worked off; that is the same trouble.
    assert.deepEqual(
      told.map(({ msg }) => /is full|takes bytes again/.exec(String(msg))?.[0]),
      ['is full', 'takes bytes again'],
    )
  })
})

/** Runs a command in a mount namespace of its own, by root or where users may have namespaces. */
function findUnshare(): readonly [string, ...string[]] | undefined {
  for (const options of ['-m', '-Urm']) {
    try {
      execFileSync('unshare', [options, 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], {
        stdio: 'ignore',
      })
      return ['unshare', options]
    } catch {
      // Not allowed, or not installed.
    }
  }
  return undefined
}

const unshare = findUnshare()
/** Runs a command on a file system of 4 MiB for the journal, with blocks of 64 KiB taken already. */
const onSmallDisk = (blocks: number) => `
  mkdir -p "$JOURNAL_DIR" && mount -t tmpfs -o size=4m tmpfs "$JOURNAL_DIR" &&
  dd if=/dev/zero of="$JOURNAL_DIR/ballast" bs=64k count=${blocks} 2>/dev/null &&
  exec "$0" "$@"`
const runOnSmallDisk = (blocks: number) =>
  [...(unshare ?? ['']), 'sh', '-c', onSmallDisk(blocks), process.execPath] as const

function makeRoom(pipeline: Pipeline): void {
  rmSync(`/proc/${pipeline.writer.pid}/root${pipeline.journalPath}/ballast`)
}

describe('a journal on a full disk', {
  skip: unshare ? false : 'no file system can be mounted here',
}, () => {
  it('stops the reading, says so once, and goes on when there is room', async (context) => {
    const pipeline = await startPipeline({
      ownServer: true,
      environment: QUICK,
      writerCommand: runOnSmallDisk(56),
    })
    context.after(() => pipeline.stop())
    const sender = pipeline.makeSender(V5)
    await sendAndStore(pipeline, sender, 50)
    await pipeline.server.stop('fast')
    await sender.send(800, 800)
    await pipeline.waitForLine(/^the file system of JOURNAL_DIR is full/)
    await sender.send(100, 200)
    assert.equal(pipeline.findLines(/^the file system of JOURNAL_DIR is full/).length, 1)
    makeRoom(pipeline)
    await pipeline.waitForLine(/^the journal takes bytes again/)
    await pipeline.server.restart()
    assertAllStored(await settle(pipeline, sender), sender)
  })

  it('lets the first start of a writer wait until there is room', async (context) => {
    const pipeline = await preparePipeline({
      environment: QUICK,
      writerCommand: runOnSmallDisk(64),
    })
    context.after(() => pipeline.stop())
    const starting = pipeline.startWriter()
    await pipeline.waitForLine(/^the file system of JOURNAL_DIR is full/)
    makeRoom(pipeline)
    await starting
    await pipeline.startCollector()
    const sender = pipeline.makeSender(V5)
    await sendAndStore(pipeline, sender, 10)
    assertAllStored(await settle(pipeline, sender), sender)
  })
})
