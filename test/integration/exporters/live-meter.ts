/**
 * A process of the fprobe test. In a network namespace of its own it makes a pair of interfaces, lets
 * fprobe watch one end, and replays a capture into the other. fprobe exports to a pipeline in the same
 * namespace. Sends its parent the times of the replay. Run by `fprobe.test.ts` only.
 *
 *     node live-meter.js <start of the sample traffic, Unix milliseconds> <export version>
 */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encodeCapture, sumFlows } from '../../helpers/packet-capture.ts'
import { QUICK, startPipeline } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'
import { findProgram } from './programs.ts'
import { sampleTraffic } from './sample-traffic.ts'
import { waitForFlows } from './stored-flows.ts'

const run = promisify(execFile)

const REPLAYED_TO = 'meter0'
const WATCHED = 'meter1'

/** The times around the replay, Unix milliseconds. */
export interface ReplayTimes {
  readonly fromMs: number
  readonly toMs: number
}

const packets = sampleTraffic({ startMs: Number(process.argv[2]), families: 'ipv4' })
await makeInterfaces()
const databaseUrl = process.env['DATABASE_URL'] ?? ''
const pipeline = await startPipeline({ databaseUrl, environment: QUICK })
const capturePath = join(pipeline.folder, 'sample.pcap')
await writeFile(capturePath, encodeCapture(packets))
// fprobe exports a flow that was idle for 1 s; a flow that pauses longer becomes more rows.
const version = process.argv[3] ?? '5'
// On a busy machine its second thread may fall behind by all packets; its default queue holds 100.
const queue = ['-q', '1000']
const timers = ['-d', '1', '-s', '1', '-l', '2']
const options = ['-i', WATCHED, '-f', 'ip', ...queue, ...timers, '-n', version]
/** The replay is so much faster than the capture. */
const SPEED = '4'
const fprobe = spawn(
  findProgram('fprobe') ?? 'fprobe',
  [...options, `127.0.0.1:${pipeline.port}`],
  {
    stdio: 'inherit',
  },
)
try {
  await until('fprobe captures packets', capturesPackets)
  const fromMs = Date.now()
  await run(findProgram('tcpreplay') ?? 'tcpreplay', ['-x', SPEED, '-i', REPLAYED_TO, capturePath])
  const times: ReplayTimes = { fromMs, toMs: Date.now() }
  await waitForFlows(pipeline, sumFlows(packets))
  process.send?.(times)
} finally {
  fprobe.kill('SIGTERM')
  await once(fprobe, 'exit')
  await pipeline.stop()
  process.disconnect?.()
}

/** Makes interfaces that exist as long as the namespace; only the replay may send on them. */
async function makeInterfaces(): Promise<void> {
  await run('ip', ['link', 'set', 'lo', 'up'])
  await run('ip', ['link', 'add', REPLAYED_TO, 'type', 'veth', 'peer', 'name', WATCHED])
  for (const name of [REPLAYED_TO, WATCHED]) {
    await run('ip', ['link', 'set', name, 'addrgenmode', 'none', 'arp', 'off', 'up'])
  }
}

/** Whether a socket of this namespace captures: /proc/net/packet has a line below its title. */
async function capturesPackets(): Promise<boolean> {
  const text = await readFile('/proc/net/packet', 'utf8')
  return text.trimEnd().split('\n').length > 1
}
