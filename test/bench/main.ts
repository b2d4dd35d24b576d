/** `npm run bench`: measures what this program costs, as ratios within one run. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from '../helpers/database.ts'
import { assertBuilt, layOutRatios, runPass } from './compare.ts'
import { ANSWERS } from './instruments/answers.ts'
import { CODEC } from './instruments/codec.ts'
import { COLLECTOR } from './instruments/collector.ts'
import { GROWTH } from './instruments/growth.ts'
import type { Instrument } from './instruments/instrument.ts'
import { JOURNAL } from './instruments/journal.ts'
import { LATENCY } from './instruments/latency.ts'
import { LINE } from './instruments/line.ts'
import { MEMORY } from './instruments/memory.ts'
import { ORDINARY } from './instruments/ordinary.ts'
import { PEERS_COMPARED } from './instruments/peers.ts'
import { REPLAY } from './instruments/replay.ts'
import { ROLLUPS } from './instruments/rollups.ts'
import { TABLE_CHOICES } from './instruments/table.ts'
import { WEB } from './instruments/web.ts'
import { WRITER } from './instruments/writer.ts'
import { BenchDatabase } from './measure/bench-database.ts'
import { type BenchTable, layOutBenchTable } from './measure/bench-table.ts'
import { type BenchOptions, OptionsError, readOptions } from './options.ts'
import { writeResultsBlock, writeTables } from './results.ts'
import { readSetup } from './setup.ts'
import { BENCH_SIZES } from './sizes.ts'

const INSTRUMENTS: readonly Instrument[] = [
  CODEC,
  WRITER,
  REPLAY,
  JOURNAL,
  LINE,
  COLLECTOR,
  ORDINARY,
  LATENCY,
  MEMORY,
  GROWTH,
  TABLE_CHOICES,
  ROLLUPS,
  ANSWERS,
  WEB,
  PEERS_COMPARED,
]

/** Durable, as in production, but without work that comes and goes with the clock. */
const SERVER_SETTINGS = {
  shared_buffers: '512MB',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function report(text: string): void {
  process.stderr.write(`${text}\n`)
}

async function measureAll(options: BenchOptions, folder: string): Promise<void> {
  const setup = await BenchDatabase.with(({ client }) => readSetup(client))
  print([setup.machine])
  const tables: BenchTable[] = []
  for (const { id, title, rowTitle, measure } of INSTRUMENTS) {
    if (!options.instruments.includes(id)) continue
    const size = BENCH_SIZES[options.size]
    const measured = await measure({ size, folder, progress: (text) => report(`${id}: ${text}`) })
    const table = { id, title, rowTitle, ...measured }
    if (options.size === 'tiny') assertMeasured(table)
    print(layOutBenchTable(table))
    tables.push(table)
  }
  if (options.results !== undefined) writeTables(options.results, tables)
  if (options.write) writeResultsBlock(setup, tables)
}

/** @throws if a row has no figures */
function assertMeasured({ id, rows }: BenchTable): void {
  for (const { name, figures } of rows) {
    if (Object.values(figures).some(({ samples }) => samples.length > 0)) continue
    throw new Error(`${id}: "${name}" has no figures`)
  }
}

async function compareAll(options: BenchOptions, compare: string, folder: string): Promise<void> {
  const passes = []
  for (let pass = 1; pass <= options.passes; pass++) {
    passes.push(await runPass({ ...options, compare, folder, progress: report }, pass))
    print([
      '',
      `New divided by old after pass ${pass} of ${options.passes}: the median (min..max) of passes.`,
      ...layOutRatios(passes),
    ])
  }
}

/** Runs on the server of DATABASE_URL or TEST_DATABASE_URL, or starts one that is durable. */
async function withServer(use: () => Promise<void>): Promise<void> {
  if (process.env['DATABASE_URL'] || process.env['TEST_DATABASE_URL']) return use()
  const settings = SERVER_SETTINGS
  const server = await startTestServer({ migrate: false, durable: true, settings })
  process.env['TEST_DATABASE_URL'] = server.url
  try {
    await use()
  } finally {
    await server.stop()
  }
}

async function run(options: BenchOptions): Promise<void> {
  const { compare } = options
  if (compare !== undefined) assertBuilt(compare)
  // The last rows of a file wait for the flush interval; the smallest sizes have few others.
  if (options.size === 'tiny') process.env['FLUSH_INTERVAL_MS'] ??= '20'
  const folder = mkdtempSync(join(tmpdir(), 'netflow-bench-'))
  try {
    await withServer(() =>
      compare === undefined ? measureAll(options, folder) : compareAll(options, compare, folder),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

try {
  await run(readOptions(process.argv.slice(2), INSTRUMENTS))
} catch (error) {
  if (!(error instanceof OptionsError)) throw error
  report(error.message)
  process.exitCode = 2
}
