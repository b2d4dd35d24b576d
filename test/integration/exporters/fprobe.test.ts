import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '../../helpers/database.ts'
import { sumFlows } from '../../helpers/packet-capture.ts'
import { queryRows } from '../../helpers/pipeline.ts'
import type { ReplayTimes } from './live-meter.ts'
import { missingPrograms } from './programs.ts'
import { sampleTraffic } from './sample-traffic.ts'
import { assertCleanStream, assertSameCounters, waitForFlows } from './stored-flows.ts'

const LIVE_METER = fileURLToPath(new URL('live-meter.js', import.meta.url))
const DEADLINE_MS = 120_000

/** fprobe reads no files: it needs an interface, and the interface its own network namespace. */
const NAMESPACE =
  process.getuid?.() === 0 ? ['--net', '--'] : ['--user', '--map-root-user', '--net', '--']

function findObstacle(): string | false {
  const missing = missingPrograms('fprobe', 'tcpreplay', 'unshare', 'ip')
  if (missing !== false) return missing
  const makePair = ['ip', 'link', 'add', 'meter0', 'type', 'veth', 'peer', 'name', 'meter1']
  const { status, stderr } = spawnSync('unshare', [...NAMESPACE, ...makePair], { encoding: 'utf8' })
  return status !== 0 && `no network namespace with interfaces here: ${stderr.trim()}`
}

/** Runs the meter in a namespace; returns the times of its replay. */
async function runLiveMeter(
  databaseUrl: string,
  startMs: number,
  version: number,
): Promise<ReplayTimes> {
  const meter = [LIVE_METER, String(startMs), String(version)]
  const args = [...NAMESPACE, process.execPath, ...meter]
  const child = spawn('unshare', args, {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  let times: ReplayTimes | undefined
  child.on('message', (message: ReplayTimes) => {
    times = message
  })
  const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), DEADLINE_MS)
  await once(child, 'close')
  clearTimeout(timer)
  if (!times) throw new Error(`the live meter failed:\n${output}`)
  return times
}

// They mostly wait for fprobe's timers, each in a network of its own.
describe('fprobe', { skip: findObstacle(), concurrency: true }, () => {
  for (const version of [1, 5, 7]) {
    it(`is stored by v${version} as the packets that it saw on an interface`, async (context) => {
      const database = await createTestDatabase()
      try {
        // The namespace has a network of its own, but unix sockets are files, and files are shared.
        if (!new URL(database.url).hostname.startsWith('%2F')) {
          return context.skip('the database is not reached by a unix socket')
        }
        await checkLiveFlows(database.url, version)
      } finally {
        await database.drop()
      }
    })
  }
})

async function checkLiveFlows(databaseUrl: string, version: number): Promise<void> {
  const startMs = Math.floor(Date.now() / 1000) * 1000
  const { fromMs, toMs } = await runLiveMeter(databaseUrl, startMs, version)
  const truth = sumFlows(sampleTraffic({ startMs, families: 'ipv4' }))
  const database = { ask: (sql: string) => queryRows(databaseUrl, sql) }
  const stored = await waitForFlows(database, truth)
  assertSameCounters(stored, truth)
  for (const { firstMs, lastMs } of stored.values()) {
    assert.ok(firstMs >= fromMs - 1_000 && lastMs <= toMs + 1_000, 'a time outside the replay')
  }
  await assertCleanStream(database, version)
  // fprobe puts the ICMP type into the source port, where nobody expects it: kept, not guessed.
  const echoes = await database.ask(
    `select distinct icmp_type as type, icmp_code as code, extra from flows where protocol = 1
    order by icmp_type nulls last`,
  )
  assert.deepEqual(echoes, [
    { type: 0, code: 0, extra: null },
    { type: null, code: null, extra: { sourceTransportPort: 8 } },
  ])
}
