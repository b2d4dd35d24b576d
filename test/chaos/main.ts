/**
 * `npm run chaos`: everything that can fail fails under traffic, and afterwards every flow must be in
 * the database exactly once. Exit code 1 when anything is off.
 */

import { CHAOS_PARTS, type ChaosOptions, OptionsError, readOptions } from './options.ts'
import { runOutage } from './outage.ts'
import { runReplay } from './replay.ts'
import { CHAOS_SIZES } from './sizes.ts'
import { runStorm } from './storm.ts'

/** The problems of a part, and its figures by name. */
interface PartReport {
  readonly problems: readonly string[]
  readonly figures: Readonly<Record<string, string | number>>
}

const progress = (text: string) => process.stderr.write(`  ${text}\n`)
const megabytes = (bytes: number | undefined) =>
  bytes === undefined ? 'not known' : `${(bytes / 1e6).toFixed(1)} MB`
const seconds = (value: number) => `${value.toFixed(1)} s`

async function storm({ isShort, seed }: ChaosOptions): Promise<PartReport> {
  const size = CHAOS_SIZES[isShort ? 'short' : 'long'].storm
  const report = await runStorm({ ...size, seed, progress })
  return {
    problems: report.problems,
    figures: {
      ...Object.fromEntries([...report.faults].toSorted()),
      'faults in all': [...report.faults.values()].reduce((sum, count) => sum + count, 0),
      'datagrams sent': report.sentDatagrams,
      'flows stored, each once': report.storedFlows,
      'datagrams dropped by the kernel': report.kernelDropped,
      sending: seconds(report.sendSeconds),
      'until all was stored': seconds(report.catchUpSeconds),
      'journal at most': megabytes(report.journalPeakBytes),
    },
  }
}

async function outage({ isShort }: ChaosOptions): Promise<PartReport> {
  const size = CHAOS_SIZES[isShort ? 'short' : 'long'].outage
  const report = await runOutage({ ...size, progress })
  const { before, during, after, peak } = report.writerBytes
  return {
    problems: report.problems,
    figures: {
      'datagrams sent meanwhile': size.datagrams,
      'flows stored, each once': report.storedFlows,
      'datagrams dropped by the kernel': report.kernelDropped,
      'database away': seconds(report.awaySeconds),
      'until all was stored': seconds(report.catchUpSeconds),
      'journal at most': megabytes(report.journalPeakBytes),
      'memory of the writer before': megabytes(before),
      'at the end of the outage': megabytes(during),
      'when all was stored': megabytes(after),
      'at most': megabytes(peak),
    },
  }
}

async function replay({ isShort, seed }: ChaosOptions): Promise<PartReport> {
  const size = CHAOS_SIZES[isShort ? 'short' : 'long'].replay
  const report = await runReplay({ ...size, seed, progress })
  return {
    problems: report.problems,
    figures: {
      'writer killed': report.kills,
      'bytes of the stream': megabytes(report.streamBytes),
      'flows, equal in both runs': report.flows,
      'rows of all tables, equal': report.rows,
      'both runs': seconds(report.seconds),
    },
  }
}

const PARTS = { storm, outage, replay } as const

async function run(options: ChaosOptions): Promise<void> {
  process.stdout.write(`seed ${options.seed}\n`)
  for (const part of CHAOS_PARTS) {
    if (!options.parts.includes(part)) continue
    process.stdout.write(`${part}\n`)
    const { problems, figures } = await PARTS[part](options)
    for (const [name, value] of Object.entries(figures)) {
      process.stdout.write(`  ${name.padEnd(34)} ${String(value).padStart(12)}\n`)
    }
    for (const problem of problems) process.stdout.write(`  WRONG: ${problem}\n`)
    if (problems.length > 0) process.exitCode = 1
  }
  process.stdout.write(process.exitCode === 1 ? 'FAILED, see above\n' : 'passed\n')
}

try {
  await run(readOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof OptionsError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
