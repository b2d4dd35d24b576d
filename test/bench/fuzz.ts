/**
 * `npm run fuzz`: over a million hostile datagrams of every version through one decoder. It exits with
 * 1 and prints the datagram in hex if the decoder throws, hangs, returns an impossible record, or keeps
 * more than its limits allow.
 *
 *     npm run fuzz -- --seed 7 --count 2000000
 */

import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { watchWorker } from './fuzz/watchdog.ts'
import type { FuzzTask } from './fuzz/worker.ts'

const COUNT = 1_200_000
/** The costliest datagram takes a second at most; the machine may be busy. */
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
    throw new RangeError('--count takes a number of datagrams from 1')
  }
  return { seed, count }
}

/** Fuzzes in a worker, which can be terminated. Returns whether the decoder survived. */
async function fuzz(task: FuzzTask): Promise<boolean> {
  const worker = new URL('fuzz/worker.js', import.meta.url)
  const outcome = await watchWorker({ worker, task, deadlineMs: HANG_MS, onLine: print })
  if (outcome.kind === 'survived') return true
  const { number, exporter, datagram } = outcome.input
  print(`\nFAILED at datagram ${number} of seed ${task.seed}, exporter ${exporter}:`)
  if (outcome.kind === 'failed') print(outcome.text)
  else print(`the decoder hangs: no progress for ${(outcome.silentMs / 1000).toFixed(0)} s`)
  print(`datagram: ${datagram.toString('hex')}`)
  return false
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

// The worker collects garbage before it measures memory.
setFlagsFromString('--expose-gc')
const task = readOptions()
print(`fuzzing the decoder with ${task.count.toLocaleString('en')} datagrams, seed ${task.seed}`)
if (await fuzz(task)) print('survived')
else process.exitCode = 1
