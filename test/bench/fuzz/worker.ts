/** The worker of `npm run fuzz`: feeds one decoder and checks it. */

import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { COSTLY_DATAGRAMS } from '../../helpers/costly-datagrams.ts'
import { DecoderVictim } from '../../helpers/decoder-victim.ts'
import { HOSTILE_KINDS, unknownDataFlood } from '../../helpers/hostile-datagrams.ts'
import { Random } from '../../helpers/random.ts'
import { type Input, LastInput } from './last-input.ts'
import { SlowestInputs } from './slowest-inputs.ts'
import type { WorkerMessage } from './watchdog.ts'

export interface FuzzTask {
  readonly seed: number
  readonly count: number
}

/** Exporters of held sets: together they could hold more than the limit of all. One sends the rest. */
const HOLDING_EXPORTERS = 16
/** One input in 5,000 is among the costliest datagrams, with a few wrong bytes. */
const COSTLY_EVERY = 5_000
const PROGRESS_EVERY = 100_000
const CHECK_EVERY = 1_000
/** Live memory after garbage collection: templates, names and held sets up to their limits. */
const MAX_KEPT_MIB = 320
/** Memory of the whole process, uncollected garbage included. */
const MAX_RSS_MIB = 1024
const MIB = 2 ** 20

interface Fuzzed extends Input {
  readonly kind: string
}

/** Each kind, as often as its share. */
const LOTS = HOSTILE_KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind))

function nextInput(random: Random, number: number): Fuzzed {
  if (number % COSTLY_EVERY === 0) return costlyInput(random, number)
  const { name, make } = random.pick(LOTS)
  const exporter = make === unknownDataFlood ? 1 + random.below(HOLDING_EXPORTERS) : 1
  return { number, exporter, kind: name, datagram: make(random) }
}

/** Makes a costly datagram, or one of those that define its templates, from the same exporter. */
function costlyInput(random: Random, number: number): Fuzzed {
  const { name, before, datagram } = random.pick(COSTLY_DATAGRAMS)
  const isPrelude = before.length > 0 && random.below(4) === 0
  const bytes = Buffer.from(isPrelude ? random.pick(before) : datagram)
  for (let wrong = random.below(4); wrong > 0; wrong--) {
    bytes[16 + random.below(bytes.length - 16)] = random.below(256)
  }
  return { number, exporter: 1, kind: `costly: ${name}`, datagram: bytes }
}

/** Feeds one decoder until a check fails or all inputs are used up. */
async function fuzz({ seed, count }: FuzzTask, lastInput: LastInput): Promise<void> {
  const random = new Random(seed)
  const victim = new DecoderVictim()
  const slowest = new SlowestInputs()
  const started = performance.now()
  for (let number = 1; number <= count; number++) {
    // Weakly held memory is released only between turns of the event loop.
    if (number % CHECK_EVERY === 0) await setImmediate()
    const input = nextInput(random, number)
    lastInput.write(input)
    try {
      const before = process.cpuUsage()
      victim.receive(input.datagram, input.exporter)
      slowest.note(input, process.cpuUsage(before))
      if (number % CHECK_EVERY === 0 || number === count) checkMemory(victim)
      if (number % PROGRESS_EVERY === 0 || number === count) report(victim, number, started)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      send({ kind: 'failure', text: `${input.kind}: ${text}` })
      return
    }
  }
  for (const line of slowest.describe()) send({ kind: 'line', line })
}

function peakRssMib(): number {
  return process.resourceUsage().maxRSS / 1024
}

function checkMemory(victim: DecoderVictim): void {
  victim.checkMemory()
  const peak = peakRssMib()
  if (peak > MAX_RSS_MIB) throw new Error(`${peak.toFixed(0)} MiB RSS, over ${MAX_RSS_MIB}`)
}

function measureKeptMib(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  const kept = (heapUsed + arrayBuffers) / MIB
  if (kept > MAX_KEPT_MIB) throw new Error(`${kept.toFixed(0)} MiB kept, over ${MAX_KEPT_MIB}`)
  return kept
}

function report(victim: DecoderVictim, number: number, started: number): void {
  const kept = measureKeptMib()
  const rate = (number / (performance.now() - started)) * 1000
  const line = [
    `${number.toLocaleString('en')} datagrams`,
    `${victim.accepted.toLocaleString('en')} accepted`,
    `${victim.flows.toLocaleString('en')} flows`,
    `${Math.round(rate).toLocaleString('en')} datagrams/s`,
    `${kept.toFixed(0)} MiB kept of ${MAX_KEPT_MIB}`,
    `peak RSS ${peakRssMib().toFixed(0)} MiB of ${MAX_RSS_MIB}`,
  ].join(', ')
  send({ kind: 'line', line })
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message)
}

const collectGarbage: () => void = runInNewContext('gc')
const { memory, task } = workerData as { memory: SharedArrayBuffer; task: FuzzTask }
await fuzz(task, new LastInput(memory))
