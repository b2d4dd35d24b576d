/** `npm run bench`: what this program costs, as ratios measured in one run. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from '../helpers/database.ts'
import { layOutComparison } from './compare.ts'
import { CODEC_BENCH } from './instruments/codec.ts'
import { COLLECTOR_BENCH } from './instruments/collector.ts'
import { GROWTH_BENCH } from './instruments/growth.ts'
import type { Instrument } from './instruments/instrument.ts'
import { JOURNAL_BENCH } from './instruments/journal.ts'
import { LATENCY_BENCH } from './instruments/latency.ts'
import { LINE_BENCH } from './instruments/line.ts'
import { MEMORY_BENCH } from './instruments/memory.ts'
import { PEERS_BENCH } from './instruments/peers.ts'
import { TABLE_BENCH } from './instruments/table.ts'
import { WRITER_BENCH } from './instruments/writer.ts'
import { BenchDatabase } from './measure/bench-database.ts'
import { layOutBenchTable } from './measure/bench-table.ts'
import { OptionsError, type RunOptions, readOptions } from './options.ts'
import { writeReadmeSection } from './readme-section.ts'
import { type BenchResults, readResults, writeResults } from './results-file.ts'
import { describeSetup, readSetup } from './setup.ts'
import { BENCH_SIZES } from './sizes.ts'

const INSTRUMENTS: readonly Instrument[] = [
  CODEC_BENCH,
  WRITER_BENCH,
  JOURNAL_BENCH,
  LINE_BENCH,
  COLLECTOR_BENCH,
  LATENCY_BENCH,
  MEMORY_BENCH,
  GROWTH_BENCH,
  TABLE_BENCH,
  PEERS_BENCH,
]

/** Durable, as in production; what would come and go by the clock is out of the way. */
const SERVER_SETTINGS = {
  shared_buffers: '512MB',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

async function measureAll({ size, instruments }: RunOptions): Promise<BenchResults> {
  const folder = mkdtempSync(join(tmpdir(), 'netflow-bench-'))
  const database = await BenchDatabase.create()
  try {
    const setup = await readSetup(size, database.client)
    print([describeSetup(setup)])
    const tables = []
    for (const { id, measure } of INSTRUMENTS) {
      if (!instruments.includes(id)) continue
      const progress = (text: string) => process.stderr.write(`${id}: ${text}\n`)
      const table = await measure({ size: BENCH_SIZES[size], folder, progress })
      print(layOutBenchTable(table))
      tables.push(table)
    }
    return { setup, tables }
  } finally {
    await database.drop()
    rmSync(folder, { recursive: true })
  }
}

async function run(options: RunOptions): Promise<void> {
  const given = process.env['DATABASE_URL'] || process.env['TEST_DATABASE_URL']
  const server = given
    ? undefined
    : await startTestServer({ migrate: false, durable: true, settings: SERVER_SETTINGS })
  if (server) process.env['TEST_DATABASE_URL'] = server.url
  try {
    const results = await measureAll(options)
    print(['', `The figures are in ${writeResults(results, options.resultsFolder)}.`])
    if (options.readme) writeReadmeSection(results)
  } finally {
    await server?.stop()
  }
}

try {
  const options = readOptions(process.argv.slice(2), INSTRUMENTS)
  if (options.task === 'compare') {
    print(layOutComparison(readResults(options.before), readResults(options.after)))
  } else await run(options)
} catch (error) {
  if (!(error instanceof OptionsError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
