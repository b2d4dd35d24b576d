/** The results of one instrument: named rows of figures, each figure with all its samples. */

import { layOutTable } from '../../../shared/text-table.ts'
import { type Spread, spreadOf } from './spread.ts'

/** One cell; the title of its column names the unit. */
export interface Figure {
  /** One per round. */
  readonly samples: readonly number[]
  /** Decimals to show. */
  readonly digits: number
  /** The instrument reached its own limit before that of the thing it measured. */
  readonly isLowerBound?: boolean
}

export interface BenchRow {
  readonly name: string
  /** By title of the column; a figure that could not be measured is absent. */
  readonly figures: Readonly<Record<string, Figure>>
}

export interface BenchTable {
  /** The id of the instrument, e.g. `writer`. */
  readonly id: string
  readonly title: string
  /** Title of the column with the names of the rows. */
  readonly rowTitle: string
  readonly rows: readonly BenchRow[]
  /** How the figures were measured, as far as a reader must know. */
  readonly note: string
}

/** Makes a figure of the samples that are numbers. */
export function figure(samples: readonly (number | undefined)[], digits: number): Figure {
  return { samples: samples.filter((sample) => Number.isFinite(sample)) as number[], digits }
}

/** Makes a figure of one value of each run. */
export function figureOf<Run>(
  runs: readonly Run[],
  digits: number,
  read: (run: Run) => number | undefined,
): Figure {
  return figure(runs.map(read), digits)
}

/** Returns the titles of all columns, in the order in which the rows first use them. */
export function columnsOf({ rows }: Pick<BenchTable, 'rows'>): string[] {
  return [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))]
}

/** Writes a figure as `median (min..max)`, or as a dash if nothing was measured. */
export function formatFigure(cell: Figure | undefined): string {
  if (!cell || cell.samples.length === 0) return '–'
  return (cell.isLowerBound ? '≥ ' : '') + formatSpread(spreadOf(cell.samples), cell.digits)
}

/** Writes `median (min..max)`; the ends are left out where they look the same. */
export function formatSpread({ median, min, max }: Spread, digits: number): string {
  const text = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return text(median) + (text(min) === text(max) ? '' : ` (${text(min)}..${text(max)})`)
}

/** Returns the lines of a table for a terminal, with its title and note. */
export function layOutBenchTable(table: BenchTable): string[] {
  const columns = [
    { title: table.rowTitle, align: 'left' as const },
    ...columnsOf(table).map((title) => ({ title, align: 'right' as const })),
  ]
  return ['', table.title, '', ...layOutTable(columns, cellsOf(table)), '', ...wrap(table.note)]
}

/** Returns the lines of the same table in Markdown. */
export function writeMarkdownTable(table: BenchTable): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const columns = columnsOf(table)
  const rule = ['---', ...columns.map(() => '---:')]
  return [
    `**${table.title}**`,
    '',
    line([table.rowTitle, ...columns]),
    `|${rule.join('|')}|`,
    ...cellsOf(table).map(line),
    '',
    ...wrap(table.note),
  ]
}

function cellsOf(table: BenchTable): string[][] {
  const columns = columnsOf(table)
  return table.rows.map(({ name, figures }) => [
    name,
    ...columns.map((column) => formatFigure(figures[column])),
  ])
}

const LINE_WIDTH = 100

/** Breaks a text into lines of at most 100 characters; a longer word gets a line of its own. */
export function wrap(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  return [...lines, line]
}
