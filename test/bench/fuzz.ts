/**
 * `npm run fuzz`: over a million hostile datagrams of every version through one decoder, then those
 * that cost most beside ordinary ones. It ends with 1, and with the datagram in hex, when the decoder
 * throws, hangs, gives what cannot be, is slow, or keeps more than it may.
 *
 *     npm run fuzz -- --seed 7 --count 2000000
 */

import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import {
  COSTLY_DATAGRAMS,
  MAX_COST_FACTOR,
  measureCost,
  ORDINARY_DATAGRAM,
} from '../helpers/costly-datagrams.ts'
import { watchWorker } from './fuzz/watchdog.ts'
import type { FuzzTask } from './fuzz/worker.ts'

const COUNT = 1_200_000
/** 64 KiB take milliseconds, what they release a second at most; the machine may be busy. */
const HANG_MS = 20_000

function readOptions(): FuzzTask {
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

/** Fuzzes in a worker that can be ended; gives whether the decoder survived. */
async function fuzz(task: FuzzTask): Promise<boolean> {
  const worker = new URL('fuzz/worker.js', import.meta.url)
  const outcome = await watchWorker({ worker, task, deadlineMs: HANG_MS, onLine: print })
  if (outcome.kind === 'survived') return true
  const { number, exporter, datagram } = outcome.input
  print(`\nFAILED at datagram ${number} of seed ${task.seed}, exporter ${exporter}:`)
  if (outcome.kind === 'failed') print(outcome.text)
  else print(`it hangs: no progress for ${(outcome.silentMs / 1000).toFixed(0)} s`)
  print(`datagram: ${datagram.toString('hex')}`)
  return false
}

/** Measures the costliest datagrams; gives whether each costs little more than an ordinary one. */
function checkCosts(): boolean {
  const ordinary = measureCost(ORDINARY_DATAGRAM)
  print(`\n${ordinary.toFixed(0)} ns a byte of ${ORDINARY_DATAGRAM.name}; times as much take:`)
  const costs = COSTLY_DATAGRAMS.map((costly) => {
    const factor = measureCost(costly) / ordinary
    print(`  ${factor.toFixed(1).padStart(6)}  ${costly.name}`)
    return { ...costly, factor }
  })
  const tooMuch = costs.filter(({ factor }) => factor > MAX_COST_FACTOR)
  for (const { name, datagram } of tooMuch) {
    print(`FAILED: ${name} take over ${MAX_COST_FACTOR} times as much: ${datagram.toString('hex')}`)
  }
  return tooMuch.length === 0
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

// Without this flag nobody can tell garbage from what is kept.
setFlagsFromString('--expose-gc')
const task = readOptions()
print(`fuzzing the decoder with ${task.count.toLocaleString('en')} datagrams, seed ${task.seed}`)
if ((await fuzz(task)) && checkCosts()) print('survived')
else process.exitCode = 1
