/** Writes the values of a statement into its text, for people who run it in psql. */

import type { Sql } from './sql.ts'

/** Returns a statement without parameters; its last character is a semicolon. */
export function literalSql({ text, values }: Sql): string {
  const filled = text.replace(/\$(\d+)/g, (_, number) => literal(values[Number(number) - 1]))
  return `${dedent(filled)};`
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return quote(`{${value.map(element).join(',')}}`)
  return quote(String(value))
}

/** An element of an array of PostgreSQL. */
function element(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return `"${String(value).replace(/["\\]/g, '\\$&')}"`
}

/** With `E` where a backslash would depend on the server's settings. */
function quote(value: string): string {
  const quoted = value.replaceAll("'", "''")
  return value.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

/** Removes the blanks that all lines begin with. */
function dedent(text: string): string {
  const lines = text
    .replace(/^\s*\n/, '')
    .trimEnd()
    .split('\n')
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  // The first line of a statement without a line break has none.
  const [first = 0, ...others] = indents
  const least = first === 0 ? 0 : Math.min(first, ...others)
  return lines.map((line) => line.slice(Math.min(least, line.length))).join('\n')
}
