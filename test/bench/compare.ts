/**
 * Compares two built checkouts. Each runs its own benchmark, one instrument at a time and in turns, so
 * their source code may differ in everything but the command line.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { layOutTable } from '../../shared/text-table.ts'
import { type BenchTable, columnsOf, formatSpread } from './measure/bench-table.ts'
import { median, spreadOf } from './measure/spread.ts'
import { type BenchOptions, OptionsError } from './options.ts'
import { readTables } from './results.ts'

/** This checkout, seen from dist/test/bench/compare.js. */
const THIS = fileURLToPath(new URL('../../../', import.meta.url))
const MAIN = 'dist/test/bench/main.js'

/** The tables of one pass. */
export interface ComparedPass {
  readonly old: readonly BenchTable[]
  readonly new: readonly BenchTable[]
}

export interface CompareOptions extends Omit<BenchOptions, 'compare'> {
  /** The folder of the other checkout, the old one. */
  readonly compare: string
  /** The folder for temporary files. */
  readonly folder: string
  readonly progress: (text: string) => void
}

/** @throws OptionsError if a folder holds no built checkout */
export function assertBuilt(folder: string): void {
  const main = resolve(folder, MAIN)
  if (!existsSync(main)) throw new OptionsError(`--compare takes a built checkout: no ${main}`)
}

/** Runs one pass: every instrument in both checkouts; which one starts alternates between passes. */
export async function runPass(options: CompareOptions, pass: number): Promise<ComparedPass> {
  const roots = { old: resolve(options.compare), new: THIS }
  const tables: Record<keyof typeof roots, BenchTable[]> = { old: [], new: [] }
  const order = pass % 2 === 0 ? (['new', 'old'] as const) : (['old', 'new'] as const)
  for (const id of options.instruments) {
    for (const name of order) {
      options.progress(`pass ${pass} of ${options.passes}: ${id} of ${roots[name]}`)
      tables[name].push(...(await runBenchmark(roots[name], id, options)))
    }
  }
  return tables
}

/** Runs one instrument of a checkout; a failure is reported, and leaves this pass without its table. */
async function runBenchmark(
  root: string,
  id: string,
  { size, folder, progress }: CompareOptions,
): Promise<readonly BenchTable[]> {
  const results = await mkdtemp(join(folder, `${id}-`))
  const args = size === 'short' ? [] : [`--${size}`]
  const child = spawn(
    process.execPath,
    [join(root, MAIN), ...args, '--only', id, '--results', results],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const [code] = await once(child, 'exit')
  if (code === 0) return readTables(results)
  progress(`${id} of ${root} FAILED with exit code ${code}`)
  return []
}

/** Returns the lines of the tables of ratios, new divided by old, over all passes. */
export function layOutRatios(passes: readonly ComparedPass[]): string[] {
  const tables = new Map(passes.flatMap((pass) => pass.new).map((table) => [table.id, table]))
  return [...tables.values()].flatMap((table) => {
    const columns = columnsOf(table)
    const names = passes
      .flatMap((pass) => [...pass.new, ...pass.old])
      .filter(({ id }) => id === table.id)
      .flatMap(({ rows }) => rows.map(({ name }) => name))
    const rows = [...new Set(names)].map((name) => [
      name,
      ...columns.map((column) => formatRatios(ratiosOfFigure(passes, table.id, name, column))),
    ])
    const titles = [
      { title: table.rowTitle, align: 'left' as const },
      ...columns.map((title) => ({ title, align: 'right' as const })),
    ]
    return ['', table.title, '', ...layOutTable(titles, rows)]
  })
}

/** Returns the ratio of the medians of each pass that has both. */
function ratiosOfFigure(
  passes: readonly ComparedPass[],
  id: string,
  row: string,
  column: string,
): number[] {
  const read = (tables: readonly BenchTable[]) => {
    const table = tables.find((one) => one.id === id)
    const figures = table?.rows.find(({ name }) => name === row)?.figures
    return median(figures?.[column]?.samples ?? [])
  }
  return passes.map((pass) => read(pass.new) / read(pass.old)).filter(Number.isFinite)
}

function formatRatios(ratios: readonly number[]): string {
  return ratios.length === 0 ? '–' : formatSpread(spreadOf(ratios), 2)
}
