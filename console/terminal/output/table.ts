/** Lays an answer out as a table that fits the terminal. */

import { displayWidth, drawBar, layOutTable, type TableColumn } from '../../../shared/text-table.ts'
import type { Row } from '../../query/sql.ts'
import { type Answer, type Column, NUMBERS } from './answer.ts'
import type { Paint } from './paint.ts'
import { formatValue, type Style } from './units.ts'

const BAR_WIDTH = 20
const LEAST_BAR_WIDTH = 6
const GAP = 2
/** Texts are not cut shorter than this. */
const LEAST_TEXT_WIDTH = 12

export interface TableStyle extends Style {
  readonly width: number
  readonly paint: Paint
}

/** A column with the text of each row, and the width of the widest. */
interface Laid {
  readonly column: Column
  cells: readonly string[]
  width: number
}

/** Returns the lines of a table, titles first. */
export function formatTable(answer: Answer, rows: readonly Row[], style: TableStyle): string[] {
  const shown = answer.columns
    .filter(({ title }) => title !== undefined)
    .map((column): Laid => {
      const cells = rows.map((row) => formatValue(row, column, style))
      return { column, cells, width: widest([column.title ?? '', ...cells]) }
    })
  leaveColumns(shown, rows, style.width)
  cutTexts(shown, style.width)
  const layout = shown.map(
    ({ column: { title = '', kind } }): TableColumn => ({
      title,
      align: NUMBERS.includes(kind) ? 'right' : 'left',
    }),
  )
  const lines = layOutTable(
    layout,
    rows.map((_, row) => shown.map(({ cells }) => cells[row] ?? '')),
  )
  const width = widest(lines)
  const barWidth = Math.min(BAR_WIDTH, style.width - width - GAP)
  return lines.map((line, index) => {
    const row = rows[index - 1]
    if (!row) return style.paint.heading(line)
    if (!answer.bar || barWidth < LEAST_BAR_WIDTH) return line
    const bar = drawBar(answer.bar(row), barWidth)
    if (bar === '') return line
    return `${line}${' '.repeat(width - displayWidth(line) + GAP)}${style.paint.bar(bar)}`
  })
}

const widest = (texts: readonly string[]) =>
  texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0)

const widthOf = (columns: readonly Laid[]) =>
  columns.reduce((sum, { width }) => sum + width + GAP, -GAP)

/** Leaves out columns without any value, then the least important, until the others fit. */
function leaveColumns(columns: Laid[], rows: readonly Row[], width: number): void {
  for (const laid of [...columns]) {
    const { name, leaves } = laid.column
    const isEmpty = leaves !== undefined && rows.every((row) => (row[name] ?? '') === '')
    if (isEmpty) columns.splice(columns.indexOf(laid), 1)
  }
  const byImportance = columns
    .filter(({ column }) => column.leaves !== undefined)
    .sort((a, b) => (b.column.leaves ?? 0) - (a.column.leaves ?? 0))
  for (const laid of byImportance) {
    if (widthOf(columns) <= width) return
    columns.splice(columns.indexOf(laid), 1)
  }
}

/** Shortens the widest texts until the table fits. Numbers and addresses stay whole. */
function cutTexts(columns: readonly Laid[], width: number): void {
  const texts = columns.filter(({ column }) => column.kind === 'text' || column.kind === 'json')
  for (let excess = widthOf(columns) - width; excess > 0; excess = widthOf(columns) - width) {
    const most = texts.reduce<Laid | undefined>(
      (found, laid) => (laid.width > (found?.width ?? LEAST_TEXT_WIDTH) ? laid : found),
      undefined,
    )
    if (!most) return
    most.width = Math.max(LEAST_TEXT_WIDTH, most.width - excess)
    most.cells = most.cells.map((cell) => cutText(cell, most.width))
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
