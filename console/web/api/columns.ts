/** Columns of replies that the database returns as they are: their schemas, and how they are read. */

import { z } from 'zod'
import type { Row } from '../../query/sql.ts'
import type { Cell, Table } from './question.ts'
import * as value from './values.ts'

/** One column: the schema of its JSON, and how its value is read from a row. */
export interface ReplyColumn<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema
  readonly read: (row: Row, name: string) => z.infer<Schema>
}

function column<Schema extends z.ZodType>(
  schema: Schema,
  read: (row: Row, name: string) => z.infer<Schema>,
): ReplyColumn<Schema> {
  return { schema, read }
}

/** A counter, as decimal text. */
export const counter = column(value.counter, value.textOrNull)
/** A number that 2^53 bounds: a port, a percentage, seconds. */
export const number = column(value.maybeNumber, value.numberOrNull)
export const text = column(value.maybeText, value.textOrNull)
export const time = column(value.maybeTime, value.timeOrNull)
export const flag = column(z.boolean(), value.isTrue)

/** A column of PostgreSQL's type json. */
export function json<Schema extends z.ZodType>(schema: Schema): ReplyColumn<Schema> {
  return column(schema, (row, name) => value.json(row, name) as z.infer<Schema>)
}

type Columns = Readonly<Record<string, ReplyColumn>>
type Shape<Own extends Columns> = { [Name in keyof Own]: Own[Name]['schema'] }

export interface RowReader<Own extends Columns> {
  readonly schema: z.ZodObject<Shape<Own>>
  readonly names: readonly string[]
  readonly read: (row: Row) => z.infer<z.ZodObject<Shape<Own>>>
}

/** Returns the schema and the reader of rows with these columns. */
export function rowReader<Own extends Columns>(columns: Own): RowReader<Own> {
  const entries = Object.entries(columns)
  const shape = Object.fromEntries(entries.map(([name, { schema }]) => [name, schema]))
  return {
    schema: z.object(shape) as unknown as z.ZodObject<Shape<Own>>,
    names: entries.map(([name]) => name),
    read: (row) =>
      Object.fromEntries(entries.map(([name, { read }]) => [name, read(row, name)])) as never,
  }
}

/** Returns rows as a table. Each of them has these members, in this order. */
export function tableOf(names: readonly string[], rows: readonly object[]): Table {
  return { columns: names, rows: rows.map((row) => Object.values(row) as Cell[]) }
}
