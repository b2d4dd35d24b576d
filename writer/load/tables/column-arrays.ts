/**
 * Hands rows over as one array a column, which `unnest` reads as a relation named `given`. For rows
 * that come with every batch this takes a fifth of the server's time for a list of JSON objects.
 */

import type { Statement } from '../database/statements.ts'
import { type ElementType, encodeArray } from './encode-array.ts'
import { type Column, type Columns, INITIAL } from './table.ts'

type Row = Readonly<Record<string, unknown>>

/** Types of columns that can be handed over in arrays; times are sent as such. */
const ELEMENT_TYPES: Readonly<Partial<Record<Column['type'], ElementType>>> = {
  inet: 'inet',
  text: 'text',
  boolean: 'boolean',
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  micros: 'timestamptz',
}

/** A value in place of the NULL that `unnest` returns beyond the end of a short array. */
const INITIAL_SQL: Readonly<Partial<Record<Column['type'], string>>> = {
  text: `''`,
  boolean: 'false',
  smallint: '0',
  integer: '0',
  bigint: '0',
  micros: `timestamptz 'epoch'`,
}

/** Far below the limits of an array and of a message, 1 GiB. */
const MAX_TEXT_CHARACTERS = 8 * 1024 * 1024
const MAX_ROWS = 50_000

/**
 * Writes the relation `given`.
 *
 * @param first the number of the first parameter
 */
export function unnestOf(columns: Columns, first: number): string {
  const entries = Object.entries(columns)
  const arrays = entries.map(([, { type }], index) => `$${first + index}::${elementType(type)}[]`)
  const names = entries.map(([property]) => `"${property}"`)
  return `unnest(${arrays.join(', ')}) as given (${names.join(', ')})`
}

/** Returns the select list that gives `given` the types and the names of `changed`. */
export function givenOf(columns: Columns): string {
  return Object.entries(columns)
    .map(([property, { type, nullable, combine }]) => {
      const given = `given."${property}"`
      const isWhole = nullable || combine === 'key'
      return isWhole ? given : `coalesce(${given}, ${INITIAL_SQL[type]}) as "${property}"`
    })
    .join(', ')
}

/** Returns the values of `changed` as they go into the columns. */
export function changedOf(columns: Columns): string {
  return Object.keys(columns)
    .map((property) => `changed."${property}"`)
    .join(', ')
}

/** What a statement with arrays needs beside its rows. */
interface ArrayStatement extends Pick<Statement, 'name' | 'text'> {
  readonly columns: Columns
  /** The parameters before the arrays. */
  readonly before?: readonly string[]
}

/** Writes the statements that hand over rows: none without rows, and several for very many. */
export function* arrayStatements(
  { name, text, columns, before = [] }: ArrayStatement,
  rows: readonly Row[],
): Iterable<Statement> {
  const texts = Object.keys(columns).filter((property) => columns[property]?.type === 'text')
  let from = 0
  let characters = 0
  for (let index = 0; index < rows.length; index++) {
    for (const property of texts) characters += textLength(rows[index]?.[property])
    const isFull = characters >= MAX_TEXT_CHARACTERS || index + 1 - from >= MAX_ROWS
    if (!isFull && index + 1 < rows.length) continue
    const part = from === 0 && index + 1 === rows.length ? rows : rows.slice(from, index + 1)
    yield { name, text, values: [...before, ...arraysOf(columns, part)] }
    from = index + 1
    characters = 0
  }
}

/** A column of initial values is handed over as an empty array. */
function arraysOf(columns: Columns, rows: readonly Row[]): readonly (string | Buffer)[] {
  return Object.entries(columns).map(([property, { type, nullable, combine }]) => {
    const initial = nullable ? null : INITIAL[type]
    const isEmpty = combine !== 'key' && rows.every((row) => row[property] === initial)
    const values = isEmpty ? [] : rows.map((row) => row[property])
    return encodeArray(elementType(type), values)
  })
}

function textLength(value: unknown): number {
  return typeof value === 'string' ? value.length : 0
}

function elementType(type: Column['type']): ElementType {
  const element = ELEMENT_TYPES[type]
  if (element === undefined) throw new TypeError(`a column of type ${type} has no array`)
  return element
}
