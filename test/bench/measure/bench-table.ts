/**
 * The result of one instrument: named rows of figures, each with all its samples, so that two runs
 * can be compared later. It measures and prints nothing.
 */

import { layOutTable } from '../../../launcher/demo/text-table.ts'
import { spreadOf } from './spread.ts'

/** One cell; the unit stands in the title of its column. */
export interface Figure {
  /** One a round. */
  readonly samples: readonly number[]
  /** Digits to show behind the point. */
  readonly digits: number
  /** The thing measured gave more than the instrument could ask of it. */
  readonly isLowerBound?: boolean
}

export interface BenchRow {
  readonly name: string
  /** By title of the column; what could not be measured is absent. */
  readonly figures: Readonly<Record<string, Figure>>
}

export interface BenchTable {
  /** Names the instrument, e.g. `writer`. */
  readonly id: string
  readonly title: string
  /** Title of the column with the names of the rows. */
  readonly rowTitle: string
  readonly columns: readonly string[]
  readonly rows: readonly BenchRow[]
  /** What a reader must know to understand the figures. */
  readonly note: string
}

/** Makes a figure of the samples that could be measured. */
export function figure(samples: readonly (number | undefined)[], digits: number): Figure {
  const measured = samples.filter((sample) => sample !== undefined)
  return { samples: measured.filter(Number.isFinite), digits }
}

/** Writes a figure as `median (min..max)`; one without samples as a dash. */
export function formatFigure(cell: Figure | undefined): string {
  if (!cell || cell.samples.length === 0) return '–'
  const { median, min, max } = spreadOf(cell.samples)
  const text = (value: number) => formatNumber(value, cell.digits)
  const bound = cell.isLowerBound ? '≥ ' : ''
  if (text(min) === text(max)) return bound + text(median)
  return `${bound}${text(median)} (${text(min)}..${text(max)})`
}

function formatNumber(value: number, digits: number): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** Gives the lines of a table for a terminal, with its title and notes. */
export function layOutBenchTable(table: BenchTable): string[] {
  const columns = [
    { title: table.rowTitle, align: 'left' as const },
    ...table.columns.map((title) => ({ title, align: 'right' as const })),
  ]
  return ['', table.title, '', ...layOutTable(columns, cellsOf(table)), '', ...wrap(table.note)]
}

/** Gives the lines of the same table in Markdown. */
export function writeMarkdownTable(table: BenchTable): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = ['---', ...table.columns.map(() => '---:')]
  return [
    `**${table.title}**`,
    '',
    line([table.rowTitle, ...table.columns]),
    `|${rule.join('|')}|`,
    ...cellsOf(table).map(line),
    '',
    ...wrap(table.note),
  ]
}

const LINE_LETTERS = 100

/** Breaks a text into lines. */
export function wrap(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_LETTERS) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  return [...lines, line]
}

function cellsOf({ columns, rows }: BenchTable): string[][] {
  return rows.map(({ name, figures }) => [
    name,
    ...columns.map((column) => formatFigure(figures[column])),
  ])
}
