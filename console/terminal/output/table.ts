/** Lays an answer out as a table that fits the terminal. */

import { displayWidth, drawBar, layOutTable, type TableColumn } from '../../../shared/text-table.ts'
import type { Row } from '../../query/sums.ts'
import { type Answer, type Column, NUMBERS } from './answer.ts'
import type { Paint } from './paint.ts'
import { formatValue, type Style } from './units.ts'

const BAR_WIDTH = 20
const LEAST_BAR_WIDTH = 6
const GAP = 2
/** A text is not cut shorter than this. */
const LEAST_TEXT_WIDTH = 12

export interface TableStyle extends Style {
  readonly width: number
  readonly paint: Paint
}

/** Returns the lines of a table, titles first. */
export function formatTable(answer: Answer, rows: readonly Row[], style: TableStyle): string[] {
  const titled = answer.columns.filter((column) => column.title !== undefined)
  const shown = fitColumns(titled, rows, style)
  const cells = shown.map((column) => rows.map((row) => formatValue(row, column, style)))
  cutTexts(shown, cells, style.width)
  const layout = shown.map(
    ({ title = '', kind }): TableColumn => ({ title, align: isNumber(kind) ? 'right' : 'left' }),
  )
  const lines = layOutTable(
    layout,
    rows.map((_, row) => cells.map((column) => column[row] ?? '')),
  )
  const width = Math.max(...lines.map(displayWidth))
  const barWidth = Math.min(BAR_WIDTH, style.width - width - GAP)
  return lines.map((line, index) => {
    const row = rows[index - 1]
    if (!row) return style.paint.heading(line)
    if (!answer.bar || barWidth < LEAST_BAR_WIDTH) return line
    const bar = drawBar(answer.bar(row), barWidth)
    return bar === ''
      ? line
      : `${line}${' '.repeat(width - displayWidth(line) + GAP)}${style.paint.bar(bar)}`
  })
}

const isNumber = (kind: Column['kind']) => NUMBERS.includes(kind)

/** Leaves out columns, the least important first, and columns without any value, until all fit. */
function fitColumns(columns: readonly Column[], rows: readonly Row[], style: TableStyle): Column[] {
  const isEmpty = ({ name }: Column) => rows.every((row) => (row[name] ?? '') === '')
  const shown = columns.filter((column) => column.leaves === undefined || !isEmpty(column))
  for (;;) {
    const width = shown.reduce((sum, column) => sum + columnWidth(column, rows, style) + GAP, -GAP)
    const leaving = shown.reduce<Column | undefined>(
      (most, column) => ((column.leaves ?? 0) > (most?.leaves ?? 0) ? column : most),
      undefined,
    )
    if (width <= style.width || !leaving) return shown
    shown.splice(shown.indexOf(leaving), 1)
  }
}

function columnWidth(column: Column, rows: readonly Row[], style: Style): number {
  const widths = rows.map((row) => displayWidth(formatValue(row, column, style)))
  return Math.max(displayWidth(column.title ?? ''), ...widths)
}

/** Shortens the widest texts until the table fits. Numbers and addresses stay whole. */
function cutTexts(columns: readonly Column[], cells: string[][], width: number): void {
  const widths = columns.map(({ title = '' }, index) =>
    Math.max(displayWidth(title), ...(cells[index] ?? []).map(displayWidth)),
  )
  const isText = (index: number) => ['text', 'json'].includes(columns[index]?.kind ?? '')
  let excess = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width
  while (excess > 0) {
    const texts = widths.map((one, index) => (isText(index) ? one : 0))
    const widest = texts.indexOf(Math.max(...texts))
    const one = widths[widest] ?? 0
    if (!isText(widest) || one <= LEAST_TEXT_WIDTH) return
    const next = Math.max(LEAST_TEXT_WIDTH, one - excess)
    excess -= one - next
    widths[widest] = next
    cells[widest] = (cells[widest] ?? []).map((cell) => cutText(cell, next))
  }
}

/** Cuts a text to a width, with … at its end. */
export function cutText(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…`
}

/** Breaks a text into lines of a width; those after the first are indented. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line)
      line = `  ${word}`
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
