/** Compares two runs of the benchmark figure by figure, and says where the difference is only noise. */

import { layOutTable } from '../../launcher/demo/text-table.ts'
import type { BenchTable } from './measure/bench-table.ts'
import { spreadOf } from './measure/spread.ts'
import type { BenchResults } from './results-file.ts'
import { describeSetup } from './setup.ts'

/** What became of one figure, as a ratio of the second run to the first. */
export interface Change {
  readonly ratio: number
  /** The smallest and the largest ratio of single rounds. */
  readonly min: number
  readonly max: number
}

/** Compares the samples of one figure; undefined where a run has none. */
export function compareSamples(
  before: readonly number[] | undefined,
  after: readonly number[] | undefined,
): Change | undefined {
  if (!before?.length || !after?.length) return undefined
  const [first, second] = [spreadOf(before), spreadOf(after)]
  return {
    ratio: second.median / first.median,
    min: second.min / first.max,
    max: second.max / first.min,
  }
}

/** Gives the lines of a table of ratios for each table that both runs have. */
export function layOutComparison(before: BenchResults, after: BenchResults): string[] {
  const tables = after.tables.flatMap((table) => {
    const other = before.tables.find(({ id }) => id === table.id)
    return other ? layOutTableOfRatios(other, table) : []
  })
  return [
    `before: ${describe(before)}`,
    `after:  ${describe(after)}`,
    '',
    'after / before; in brackets the noise: the smallest and the largest ratio of single rounds.',
    '"=" where these include 1: no difference is to be seen.',
    ...tables,
  ]
}

function layOutTableOfRatios(before: BenchTable, after: BenchTable): string[] {
  const columns = after.columns.filter((column) => before.columns.includes(column))
  const rows = after.rows.flatMap(({ name, figures }) => {
    const other = before.rows.find((row) => row.name === name)
    if (!other) return []
    const cells = columns.map((column) =>
      formatChange(compareSamples(other.figures[column]?.samples, figures[column]?.samples)),
    )
    return [[name, ...cells]]
  })
  const titles = [
    { title: after.rowTitle, align: 'left' as const },
    ...columns.map((title) => ({ title, align: 'right' as const })),
  ]
  return ['', after.title, '', ...layOutTable(titles, rows)]
}

function formatChange(change: Change | undefined): string {
  if (!change) return '–'
  const { ratio, min, max } = change
  const sign = min <= 1 && max >= 1 ? '= ' : ''
  return `${sign}${ratio.toFixed(2)} (${min.toFixed(2)}..${max.toFixed(2)})`
}

function describe({ setup }: BenchResults): string {
  return `${setup.commit}, ${setup.measuredAt}, ${setup.size}; ${describeSetup(setup)}`
}
