/** Keeps the tables of a run as JSON in `bench-results/`, which git ignores, and reads them again. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchTable } from './measure/bench-table.ts'
import type { BenchSetup } from './setup.ts'

/** The repository; this file runs as dist/test/bench/results-file.js. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const DEFAULT_FOLDER = join(ROOT, 'bench-results')

/** All that one run measured, and on what. */
export interface BenchResults {
  readonly setup: BenchSetup
  readonly tables: readonly BenchTable[]
}

/**
 * Writes one file a run, named after its size and time.
 *
 * @returns the file's path as seen from the working folder
 */
export function writeResults(results: BenchResults, folder = DEFAULT_FOLDER): string {
  mkdirSync(folder, { recursive: true })
  const { size, measuredAt } = results.setup
  const path = join(folder, `${size}-${measuredAt.replaceAll(':', '-')}.json`)
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`)
  return relative('', path)
}

/** Reads the file of a run. @throws when it is none */
export function readResults(path: string): BenchResults {
  const results = JSON.parse(readFileSync(path, 'utf8')) as Partial<BenchResults>
  if (!results.setup || !Array.isArray(results.tables)) {
    throw new Error(`${path} is no file of results; they are in bench-results/`)
  }
  return { setup: results.setup, tables: results.tables }
}
