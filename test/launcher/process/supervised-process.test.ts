import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readProcessState } from '../../../launcher/process/process-state.ts'
import {
  type ReadyMessage,
  SupervisedProcess,
} from '../../../launcher/process/supervised-process.ts'
import type { Logger } from '../../../shared/logger.ts'
import { until } from '../../helpers/until.ts'

const FIXTURE = fileURLToPath(new URL('../../fixtures/misbehaving-process.js', import.meta.url))

const started: SupervisedProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'supervised-'))

/** Supervises a fixture and records the calls of its callbacks. */
function supervise(
  manner: string,
  options: { modulePath?: string; stopDeadlineMs?: number; healthyMs?: number } = {},
) {
  const seen = { pids: [] as number[], delays: [] as number[], refusals: [] as number[] }
  const logger = { error: ({ delayMs }: { delayMs: number }) => seen.delays.push(delayMs) }
  const ready: ReadyMessage[] = []
  const supervised = new SupervisedProcess({
    name: manner,
    modulePath: options.modulePath ?? FIXTURE,
    environment: { ...process.env, MANNER: manner, FOLDER: mkdtempSync(join(folder, manner)) },
    logger: logger as unknown as Logger,
    stopDeadlineMs: options.stopDeadlineMs ?? 30_000,
    onReady: (message) => ready.push(message),
    onPid: () => {
      if (supervised.pid !== undefined) seen.pids.push(supervised.pid)
    },
    onRefusal: (exitCode) => seen.refusals.push(exitCode),
    delays: { firstMs: 50, longestMs: 200, healthyMs: options.healthyMs ?? 60_000 },
  })
  started.push(supervised)
  return { supervised, seen, ready }
}

afterEach(async () => {
  for (const supervised of started.splice(0)) await supervised.stop()
})
after(() => rmSync(folder, { recursive: true }))

describe('a supervised process', () => {
  it('reports its message that it is ready', async () => {
    const { supervised, ready } = supervise('stays')
    supervised.start()
    supervised.start()
    await until('ready', () => ready.length > 0)
    assert.deepEqual(ready, [{ type: 'ready', ports: [2055] }])
    await supervised.stop()
    await supervised.stop()
    assert.equal(supervised.pid, undefined)
  })

  it('is restarted after a kill', async () => {
    const { supervised, seen, ready } = supervise('stays')
    supervised.start()
    await until('ready', () => ready.length === 1)
    process.kill(supervised.pid ?? 0, 'SIGKILL')
    await until('ready again', () => ready.length === 2)
    assert.notEqual(seen.pids[0], seen.pids[1])
    await supervised.stop()
  })

  it('that crashes again and again is restarted after delays that double up to a longest one', async () => {
    const { supervised, seen } = supervise('works-once')
    const startedAt = performance.now()
    supervised.start()
    await until('five starts', () => seen.pids.length >= 5)
    const tookMs = performance.now() - startedAt
    await supervised.stop()
    assert.deepEqual(seen.delays.slice(0, 4), [50, 100, 200, 200])
    assert.ok(tookMs >= 550, `${tookMs} ms`)
    const { length } = seen.pids
    await sleep(300)
    assert.equal(seen.pids.length, length, 'nothing is started after stop')
  })

  it('is restarted after the first delay again when it was healthy for a while', async () => {
    const { supervised, seen } = supervise('works-once', { healthyMs: 1 })
    supervised.start()
    await until('four starts', () => seen.pids.length >= 4)
    await supervised.stop()
    assert.deepEqual(seen.delays.slice(0, 3), [50, 50, 50])
  })

  it('is not restarted after it refused its settings', async () => {
    const { supervised, seen } = supervise('refuses-its-settings')
    supervised.start()
    await until('the report', () => seen.refusals.length > 0)
    await sleep(200)
    assert.deepEqual([seen.refusals, seen.pids.length], [[2], 1])
  })

  it('is not restarted when it ends before it was ever ready', async () => {
    const { supervised, seen } = supervise('crashes-at-once')
    supervised.start()
    await until('the report', () => seen.refusals.length > 0)
    await sleep(200)
    assert.deepEqual([seen.refusals, seen.pids.length], [[1], 1])
  })

  it('is restarted when it is killed before it was ready', async () => {
    const { supervised, seen } = supervise('never-ready')
    supervised.start()
    process.kill(supervised.pid ?? 0, 'SIGKILL')
    await until('another start', () => seen.pids.length === 2)
    assert.deepEqual(seen.refusals, [])
  })

  it('may take its time to stop', async () => {
    const { supervised, ready } = supervise('drains-slowly')
    supervised.start()
    await until('ready', () => ready.length > 0)
    const pid = supervised.pid ?? 0
    await supervised.stop()
    assert.equal(await readProcessState(pid), undefined)
  })

  it('is killed when it does not stop in time', async () => {
    const { supervised, ready } = supervise('ignores-sigterm', { stopDeadlineMs: 200 })
    supervised.start()
    await until('ready', () => ready.length > 0)
    const pid = supervised.pid ?? 0
    await supervised.stop()
    assert.equal(await readProcessState(pid), undefined)
  })

  it('whose module is missing is not tried again', async () => {
    const { supervised, seen } = supervise('missing', { modulePath: '/nowhere/main.js' })
    supervised.start()
    await until('the report', () => seen.refusals.length > 0)
    assert.deepEqual(seen.refusals, [1])
  })
})
