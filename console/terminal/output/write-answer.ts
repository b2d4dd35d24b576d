/** Writes an answer in the chosen format. */

import type { Row } from '../../query/sql.ts'
import type { Answer } from './answer.ts'
import { csvHeading, csvLine, jsonLine } from './data-formats.ts'
import { formatTable, type TableStyle, wrapText } from './table.ts'

/** Formats of every command; some commands have more. */
export const FORMATS: readonly string[] = ['table', 'csv', 'json', 'jsonl']

export interface Destination {
  /** Writes a text; resolves when the reader takes more. */
  readonly write: (text: string) => Promise<void>
  readonly style: TableStyle
  /** Called after each portion of rows. */
  readonly onRows: (rows: readonly Row[]) => Promise<void>
}

/** Writes an answer. @returns the number of its rows */
export async function writeAnswer(
  answer: Answer,
  format: string,
  destination: Destination,
): Promise<number> {
  switch (format) {
    case 'csv':
      await destination.write(`${csvHeading(answer.columns)}\n`)
      return writeLines(answer, destination, (row) => `${csvLine(answer.columns, row)}\n`)
    case 'jsonl':
      return writeLines(answer, destination, (row) => `${jsonLine(answer.columns, row)}\n`)
    case 'json':
      return writeJson(answer, destination)
    default:
      return writeTable(answer, destination)
  }
}

/** Writes a line for each row as the rows come. */
export async function writeLines(
  { rows }: Answer,
  { write, onRows }: Destination,
  format: (row: Row) => string,
): Promise<number> {
  let count = 0
  for await (const portion of rows) {
    await onRows(portion)
    await write(portion.map(format).join(''))
    count += portion.length
  }
  return count
}

async function writeJson(answer: Answer, destination: Destination): Promise<number> {
  let separator = '[\n '
  const count = await writeLines(answer, destination, (row) => {
    const text = `${separator}${jsonLine(answer.columns, row)}`
    separator = ',\n '
    return text
  })
  await destination.write(count === 0 ? '[]\n' : '\n]\n')
  return count
}

async function writeTable(answer: Answer, destination: Destination): Promise<number> {
  const { write, style, onRows } = destination
  const rows: Row[] = []
  for await (const portion of answer.rows) {
    await onRows(portion)
    for (const row of portion) rows.push(row)
  }
  const lines = rows.length === 0 ? [answer.nothing] : formatTable(answer, rows, style)
  const remarks = rows.length === 0 ? [] : (answer.remarks ?? [])
  const wrapped = remarks.flatMap((remark) => wrapText(remark, style.width))
  if (wrapped.length > 0) lines.push('', ...wrapped.map(style.paint.faint))
  await write(lines.map((line) => `${line}\n`).join(''))
  return rows.length
}
