/** Reads the command line of the benchmark. */

import { parseArgs } from 'node:util'
import type { Instrument } from './instruments/instrument.ts'
import type { BenchSizeName } from './sizes.ts'

/** Measure. */
export interface RunOptions {
  readonly task: 'run'
  readonly size: BenchSizeName
  /** Ids of the instruments to use. */
  readonly instruments: readonly string[]
  /** Write the tables into the README. */
  readonly readme: boolean
  readonly resultsFolder: string | undefined
}

/** Compare the files of two runs. */
export interface CompareOptions {
  readonly task: 'compare'
  readonly before: string
  readonly after: string
}

/** The command line is wrong; the message says how it should be. */
export class OptionsError extends Error {
  readonly code = 'BENCH_OPTIONS'
}

const USAGE = `npm run bench                     about two minutes
npm run bench -- --full           all instruments, about half an hour
npm run bench -- --peers          only beside other collectors, where they are installed
npm run bench -- --only IDS       some instruments, e.g. writer,latency
npm run bench -- --full --readme  writes the tables into the README
npm run bench -- --compare A B    two files of bench-results/
npm run bench -- --tiny           only whether it can measure`

/** @throws OptionsError */
export function readOptions(
  args: readonly string[],
  instruments: readonly Instrument[],
): RunOptions | CompareOptions {
  const { values, positionals } = parse(args)
  if (values.compare) {
    const [before, after, ...more] = positionals
    if (before === undefined || after === undefined || more.length > 0) {
      throw new OptionsError('--compare takes two files of bench-results/')
    }
    return { task: 'compare', before, after }
  }
  if (positionals.length > 0) throw new OptionsError(`what is ${positionals[0]}?\n\n${USAGE}`)
  const size = values.full ? 'full' : values.tiny ? 'tiny' : 'short'
  const isPart = size !== 'full' || values.peers || values.only !== undefined
  if (values.readme && isPart) {
    throw new OptionsError('--readme writes what all of --full has measured: no --only, no --peers')
  }
  return {
    task: 'run',
    size,
    instruments: chooseInstruments(values, size, instruments),
    readme: values.readme === true,
    resultsFolder: values.results,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        full: { type: 'boolean' },
        tiny: { type: 'boolean' },
        peers: { type: 'boolean' },
        only: { type: 'string' },
        readme: { type: 'boolean' },
        results: { type: 'string' },
        compare: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new OptionsError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
  }
}

function chooseInstruments(
  { only, peers }: { readonly only?: string; readonly peers?: boolean },
  size: BenchSizeName,
  instruments: readonly Instrument[],
): string[] {
  const known = instruments.map(({ id }) => id)
  if (peers && only === undefined) return ['peers']
  if (only === undefined) {
    return instruments.filter(({ isQuick }) => isQuick || size !== 'short').map(({ id }) => id)
  }
  const wanted = only.split(',').map((id) => id.trim())
  const unknown = wanted.filter((id) => !known.includes(id))
  if (unknown.length === 0) return wanted
  throw new OptionsError(`--only knows ${known.join(', ')}, not ${unknown.join(', ')}`)
}
