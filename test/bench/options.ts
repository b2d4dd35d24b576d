/** Reads the command line of the benchmark. */

import { parseArgs } from 'node:util'
import type { Instrument } from './instruments/instrument.ts'
import type { BenchSizeName } from './sizes.ts'

export interface BenchOptions {
  readonly size: BenchSizeName
  /** Ids of the instruments to use. */
  readonly instruments: readonly string[]
  /** Whether to write the measured tables into RESULTS.md. */
  readonly write: boolean
  /** Folder for the tables as JSON. */
  readonly results?: string
  /** The folder of another built checkout to compare this one with. */
  readonly compare?: string
  /** How often both checkouts take their turn. */
  readonly passes: number
}

/** The command line is wrong; the message explains how. */
export class OptionsError extends Error {
  readonly code = 'BENCH_OPTIONS'
}

const USAGE = `npm run bench                      about five minutes
npm run bench -- --full            all instruments, about half an hour
npm run bench -- --full --write    the same, written into test/bench/RESULTS.md;
                                   with --only, the other tables stay as they are
npm run bench -- --tiny            all instruments at the smallest sizes: whether they work
npm run bench -- --only IDS        some instruments, e.g. writer,latency
npm run bench -- --compare FOLDER  this build and that of another checkout, in turns
                 --passes N        how often each takes its turn, 3 by default
                 --results FOLDER  writes the figures as JSON, too`

const DEFAULT_PASSES = '3'

/** @throws OptionsError */
export function readOptions(
  args: readonly string[],
  instruments: readonly Instrument[],
): BenchOptions {
  const { full, tiny, only, write = false, results, compare, passes } = parse(args)
  const size = full ? 'full' : tiny ? 'tiny' : 'short'
  if (write && (size !== 'full' || compare !== undefined)) {
    throw new OptionsError('--write takes --full, without --compare')
  }
  if (!/^[1-9]\d*$/.test(passes)) throw new OptionsError('--passes takes a number from 1')
  return {
    size,
    instruments: chooseInstruments(only, size, instruments),
    write,
    ...(results === undefined ? {} : { results }),
    ...(compare === undefined ? {} : { compare }),
    passes: Number(passes),
  }
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        full: { type: 'boolean' },
        tiny: { type: 'boolean' },
        only: { type: 'string' },
        write: { type: 'boolean' },
        results: { type: 'string' },
        compare: { type: 'string' },
        passes: { type: 'string', default: DEFAULT_PASSES },
      },
    })
    return values
  } catch (error) {
    throw new OptionsError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
  }
}

function chooseInstruments(
  only: string | undefined,
  size: BenchSizeName,
  instruments: readonly Instrument[],
): string[] {
  if (only === undefined) {
    return instruments.filter(({ isQuick }) => isQuick || size !== 'short').map(({ id }) => id)
  }
  const known = instruments.map(({ id }) => id)
  const wanted = only.split(',').map((id) => id.trim())
  const unknown = wanted.filter((id) => !known.includes(id))
  if (unknown.length === 0) return wanted
  throw new OptionsError(`--only takes ${known.join(', ')}, not ${unknown.join(', ')}`)
}
