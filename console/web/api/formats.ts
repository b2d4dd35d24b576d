/** Formats replies as JSON, CSV and JSON lines. */

import type { Cell, Question } from './question.ts'

export const FORMATS = ['json', 'csv', 'jsonl'] as const
export type Format = (typeof FORMATS)[number]

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/x-ndjson; charset=utf-8',
}

export const contentTypeOf = (format: Format) => CONTENT_TYPES[format]

/** Returns the first format that an Accept header names; JSON when it names none. */
export function acceptedFormat(accept: string): Format {
  const named = accept.split(',').map((part) => part.split(';')[0]?.trim().toLowerCase())
  for (const type of named) {
    if (type === 'application/json') return 'json'
    if (type === 'text/csv') return 'csv'
    if (type === 'application/x-ndjson' || type === 'application/jsonl') return 'jsonl'
  }
  return 'json'
}

/** Formats a reply of a question. */
export function formatReply(question: Question, reply: unknown, format: Format): Buffer {
  if (format === 'json' || !question.table) return Buffer.from(`${JSON.stringify(reply)}\n`)
  const { columns, rows } = question.table(reply)
  if (format === 'csv') {
    const lines = [columns.join(','), ...rows.map((row) => row.map(csvCell).join(','))]
    return Buffer.from(lines.map((line) => `${line}\r\n`).join(''))
  }
  const objects = rows.map((row) =>
    JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, row[index]]))),
  )
  return Buffer.from(objects.map((line) => `${line}\n`).join(''))
}

/** Formats a value by RFC 4180; a value that was not sent is empty. */
export function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell)
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell)
  // A spreadsheet runs such a cell as a formula. Counters are texts, and may be negative.
  const isNumber = /^-?\d+(\.\d+)?$/.test(text)
  const harmless = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
