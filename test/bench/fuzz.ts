/**
 * `npm run fuzz`: over a million hostile datagrams of every version through one decoder, as long as
 * it takes and no longer. It ends with 1, and with the datagram in hex, when the decoder throws,
 * gives what cannot be, is slow, or keeps more than it may.
 *
 *     npm run fuzz -- --seed 7 --count 2000000
 */

import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DecoderVictim } from '../helpers/decoder-victim.ts'
import { HOSTILE_KINDS, unknownDataFlood } from '../helpers/hostile-datagrams.ts'
import { Random } from '../helpers/random.ts'

const COUNT = 1_200_000
/** So many that together they could hold more than all of them may; one sends the rest. */
const HOLDING_EXPORTERS = 16
const PROGRESS_EVERY = 100_000
const CHECK_EVERY = 1_000
/** What is alive when all garbage is collected: templates, names and held sets up to their limits. */
const MAX_KEPT_MIB = 320
/** The same with what Node.js has not collected yet. */
const MAX_RSS_MIB = 1024
const MIB = 2 ** 20
/** 64 KiB take milliseconds, what they release a second at most; the machine may be busy. */
const MAX_DATAGRAM_MS = 10_000

interface FuzzOptions {
  readonly seed: number
  readonly count: number
}

/** What must not be exceeded was: the datagram itself may be innocent. */
class BoundError extends Error {}

function readOptions(): FuzzOptions {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, count: { type: 'string' } },
  })
  const seed = Number(values.seed ?? Date.now() % 2 ** 32)
  const count = Number(values.count ?? COUNT)
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new RangeError('--seed takes a whole number from 0 to 4294967295')
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError('--count takes a whole number of datagrams, 1 or more')
  }
  return { seed, count }
}

function peakRssMib(): number {
  return process.resourceUsage().maxRSS / 1024
}

/** One number of the lottery a share. */
const LOTS = HOSTILE_KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind))

/** Feeds one decoder; gives whether it survived. */
async function fuzz({ seed, count }: FuzzOptions): Promise<boolean> {
  const random = new Random(seed)
  const victim = new DecoderVictim()
  const started = performance.now()
  for (let number = 1; number <= count; number++) {
    // What is held weakly is let go between turns of the event loop only.
    if (number % CHECK_EVERY === 0) await setImmediate()
    const { name, make } = random.pick(LOTS)
    const exporter = make === unknownDataFlood ? 1 + random.below(HOLDING_EXPORTERS) : 1
    const datagram = make(random)
    try {
      receive(victim, datagram, exporter)
      if (number % CHECK_EVERY === 0 || number === count) checkMemory(victim)
      if (number % PROGRESS_EVERY === 0 || number === count) report(victim, number, started)
    } catch (error) {
      print(`\nFAILED at datagram ${number} of seed ${seed} (${name}), exporter ${exporter}:`)
      print(error instanceof Error ? (error.stack ?? error.message) : String(error))
      print(`datagram: ${datagram.toString('hex')}`)
      return false
    }
  }
  return true
}

function receive(victim: DecoderVictim, datagram: Buffer, exporter: number): void {
  const before = performance.now()
  victim.receive(datagram, exporter)
  const took = performance.now() - before
  if (took > MAX_DATAGRAM_MS) throw new BoundError(`it took ${took.toFixed(0)} ms`)
}

function checkMemory(victim: DecoderVictim): void {
  victim.checkMemory()
  const peak = peakRssMib()
  if (peak > MAX_RSS_MIB) throw new BoundError(`${peak.toFixed(0)} MiB RSS, over ${MAX_RSS_MIB}`)
}

function measureKeptMib(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  const kept = (heapUsed + arrayBuffers) / MIB
  if (kept > MAX_KEPT_MIB) throw new BoundError(`${kept.toFixed(0)} MiB kept, over ${MAX_KEPT_MIB}`)
  return kept
}

function report(victim: DecoderVictim, number: number, started: number): void {
  const kept = measureKeptMib()
  const rate = (number / (performance.now() - started)) * 1000
  print(
    [
      `${number.toLocaleString('en')} datagrams`,
      `${victim.accepted.toLocaleString('en')} accepted`,
      `${victim.flows.toLocaleString('en')} flows`,
      `${Math.round(rate).toLocaleString('en')} datagrams/s`,
      `${kept.toFixed(0)} MiB kept of ${MAX_KEPT_MIB}`,
      `peak RSS ${peakRssMib().toFixed(0)} MiB of ${MAX_RSS_MIB}`,
    ].join(', '),
  )
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

// Without this flag nobody can tell garbage from what is kept.
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')
const options = readOptions()
print(
  `fuzzing the decoder with ${options.count.toLocaleString('en')} datagrams, seed ${options.seed}`,
)
if (await fuzz(options)) print('survived')
else process.exitCode = 1
