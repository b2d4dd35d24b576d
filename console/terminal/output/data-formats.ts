/** CSV, JSON and JSON lines: values in full, times by RFC 3339 in UTC. */

import type { Row } from '../../query/sql.ts'
import { type Column, formatStamp, NUMBERS } from './answer.ts'
import { safeJson, safeText } from './safe-text.ts'

/** Formats the names of the columns. */
export function csvHeading(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join(',')
}

/** Formats a row by RFC 4180; a value that was not sent is empty. */
export function csvLine(columns: readonly Column[], row: Row): string {
  return columns.map((column) => csvCell(row[column.name] ?? '', column)).join(',')
}

/**
 * Formats a row for programs. Texts are as they came, and always in quotes, so that an empty text
 * differs from a value that was not sent.
 */
export function plainCsvLine(columns: readonly Column[], row: Row): string {
  return columns
    .map((column) => {
      const value = row[column.name]
      if (value == null) return ''
      if (NUMBERS.includes(column.kind)) return value
      const text = column.kind === 'time' ? formatStamp(value) : value
      return `"${text.replaceAll('"', '""')}"`
    })
    .join(',')
}

function csvCell(value: string, { kind }: Column): string {
  if (NUMBERS.includes(kind)) return value
  if (kind === 'time') return formatStamp(value)
  if (kind === 'flag') return value === 't' ? 'true' : value === 'f' ? 'false' : value
  const text = safeText(value)
  // Spreadsheets run a cell that begins like this.
  const harmless = /^[=+\-@]/.test(text) ? `'${text}` : text
  return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** Formats a row as an object. Numbers have all their digits, however long. */
export function jsonLine(columns: readonly Column[], row: Row): string {
  const members = columns.map((column) => {
    return `${JSON.stringify(column.name)}:${jsonValue(row[column.name] ?? null, column)}`
  })
  return `{${members.join(',')}}`
}

function jsonValue(value: string | null, { kind }: Column): string {
  if (value === null) return 'null'
  if (kind === 'json') return safeJson(value)
  if (kind === 'flag') return String(value === 't')
  if (NUMBERS.includes(kind) && /^-?\d+(\.\d+)?$/.test(value)) return value
  return safeJson(JSON.stringify(kind === 'time' ? formatStamp(value) : value))
}
