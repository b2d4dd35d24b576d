/**
 * The columns of a table as data, and the lists in SQL that follow from them. A batch hands its
 * rows over as one JSON array, which `jsonb_to_recordset` reads as a relation named `changed`.
 */

/** The TypeScript type of a value, by its type in PostgreSQL or by its form in JSON. */
interface ValueByType {
  inet: string
  text: string
  boolean: boolean
  smallint: number
  integer: number
  bigint: number
  /** A bigint as decimal digits: a number cannot hold all of its values. */
  digits: string
  /** A timestamptz as Unix microseconds. */
  micros: number
  jsonb: unknown
  /** Base64 text on its way to the server. */
  bytea: Buffer
}

/**
 * How the batch's value changes an existing row, whose alias is `known`. `key`: the column names the
 * row. `keep`: the row's value stays. `replace`: the batch's value replaces it. `add`: the sum of both
 * does. `greatest`: the greater one does. `coalesce`: the batch's value does, unless it is NULL. A
 * function returns the column's own expression.
 */
type Combine =
  | 'key'
  | 'keep'
  | 'replace'
  | 'add'
  | 'greatest'
  | 'coalesce'
  | ((name: string) => string)

/** A column that a batch writes. */
export interface Column {
  /** Its name in SQL. */
  readonly name: string
  readonly type: keyof ValueByType
  /** true: the value may be null. */
  readonly nullable?: true
  /** Left out where rows are only inserted. */
  readonly combine?: Combine
}

/** Columns by their names in TypeScript. */
export type Columns = Readonly<Record<string, Column>>

type ValueOf<C extends Column> =
  | ValueByType[C['type']]
  | (C extends { readonly nullable: true } ? null : never)

/** A row with these columns. */
export type RowOf<C extends Columns> = { readonly [P in keyof C]: ValueOf<C[P]> }

/** The same while a batch still counts into it. */
export type ChangeOf<C extends Columns> = { -readonly [P in keyof C]: ValueOf<C[P]> }

/** The columns that name a row. */
export type KeyOf<C extends Columns> = {
  readonly [P in keyof C as C[P] extends { readonly combine: 'key' } ? P : never]: ValueOf<C[P]>
}

/** Rows to insert or replace, and keys of rows to delete. */
export interface RowChanges<Key, Row extends Key> {
  readonly written: Row[]
  readonly removed: Key[]
}

/** Returns the columns that name a row. */
export function keysOf(columns: Columns): Columns {
  return Object.fromEntries(Object.entries(columns).filter(([, { combine }]) => combine === 'key'))
}

/** The value of a column that may not be null in a new row. */
export const INITIAL: { readonly [Type in keyof ValueByType]: ValueByType[Type] } = {
  inet: '',
  text: '',
  boolean: false,
  smallint: 0,
  integer: 0,
  bigint: 0,
  digits: '0',
  micros: 0,
  jsonb: null,
  bytea: Buffer.alloc(0),
}

/** Returns a row with null in every column that may be null, and 0, false or no text elsewhere. */
export function emptyRow<C extends Columns>(columns: C): ChangeOf<C> {
  const values = Object.entries(columns).map(([property, { type, nullable }]) => [
    property,
    nullable ? null : INITIAL[type],
  ])
  return Object.fromEntries(values) as ChangeOf<C>
}

/** Returns the names: `export_version, observation_domain`. */
export function namesOf(columns: Columns): string {
  return list(columns, (_, { name }) => name)
}

/**
 * Returns the fields that `jsonb_to_recordset` reads: `"exportVersion" smallint, "firstSeenMicros"
 * bigint`.
 */
export function fieldsOf(columns: Columns): string {
  return list(columns, (property, { type }) => `"${property}" ${jsonType(type)}`)
}

/** Returns the values of `changed` as they go into the columns. */
export function valuesOf(columns: Columns): string {
  return list(columns, (property, { type }) => toColumn(`changed."${property}"`, type))
}

/** Returns the assignments of `on conflict … do update set`. */
export function updatesOf(columns: Columns): string {
  return Object.values(columns)
    .filter(({ combine }) => combine !== 'key' && combine !== 'keep')
    .map(({ name, combine = 'replace' }) => `${name} = ${combined(name, combine)}`)
    .join(', ')
}

/** Returns a select list that gives the columns their names and values in TypeScript. */
export function selectOf(columns: Columns): string {
  return list(columns, (property, { name, type }) => `${fromColumn(name, type)} as "${property}"`)
}

function list(columns: Columns, write: (property: string, column: Column) => string): string {
  return Object.entries(columns)
    .map(([property, column]) => write(property, column))
    .join(', ')
}

function jsonType(type: Column['type']): string {
  if (type === 'micros' || type === 'digits') return 'bigint'
  return type === 'bytea' ? 'text' : type
}

function toColumn(value: string, type: Column['type']): string {
  if (type === 'micros') return `timestamptz 'epoch' + interval '1 microsecond' * ${value}`
  return type === 'bytea' ? `decode(${value}, 'base64')` : value
}

function fromColumn(name: string, type: Column['type']): string {
  if (type === 'micros') return `(extract(epoch from ${name}) * 1000000)::float8`
  if (type === 'inet') return `host(${name})`
  if (type === 'bigint') return `${name}::float8`
  return type === 'digits' ? `${name}::text` : name
}

function combined(name: string, combine: Combine): string {
  if (typeof combine === 'function') return combine(name)
  if (combine === 'add') return `known.${name} + excluded.${name}`
  if (combine === 'greatest') return `greatest(known.${name}, excluded.${name})`
  if (combine === 'coalesce') return `coalesce(excluded.${name}, known.${name})`
  return `excluded.${name}`
}
