/** Writes the figures of a benchmark into `bench-results/`, which git ignores. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository; this file runs as dist/test/bench/results-file.js. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const FOLDER = join(ROOT, 'bench-results')

/**
 * Writes one file a run, named after the benchmark and the time; it says on what it was measured.
 *
 * @returns the file's path as seen from the repository
 */
export function writeResults(name: string, now: Date, figures: object): string {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${name}-${now.toISOString().replaceAll(':', '-')}.json`)
  const setup = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? 'unknown' }
  const content = { measuredAt: now.toISOString(), setup, ...figures }
  writeFileSync(path, `${JSON.stringify(content, undefined, 2)}\n`)
  return relative(ROOT, path)
}
