/**
 * Statements for tables whose rows belong to a stream. A row whose stream an operator has deleted
 * is left out, as its foreign key refers to nothing.
 */

import type pg from 'pg'
import { rowsStatements, type Statement } from '../database/statements.ts'
import {
  type Columns,
  fieldsOf,
  keysOf,
  namesOf,
  type RowChanges,
  selectOf,
  updatesOf,
  valuesOf,
} from './table.ts'

export const STREAM_COLUMNS = {
  exporter: { name: 'exporter', type: 'inet', combine: 'key' },
  exportVersion: { name: 'export_version', type: 'smallint', combine: 'key' },
  observationDomain: { name: 'observation_domain', type: 'bigint', combine: 'key' },
} as const satisfies Columns

/** Leaves out rows of `changed` whose stream does not exist. */
export const ONLY_KNOWN_STREAMS = `
  join exporter_streams as stream on ${matches(STREAM_COLUMNS, 'stream', 'changed')}`

/**
 * Writes a statement that inserts rows or replaces them; in the order of keys, against deadlocks.
 */
export function upsertRows(table: string, columns: Columns): string {
  const keys = keysOf(columns)
  return `
    insert into ${table} as known (${namesOf(columns)})
    select ${valuesOf(columns)}
    from jsonb_to_recordset($1) as changed (${fieldsOf(columns)})
    ${ONLY_KNOWN_STREAMS}
    order by ${valuesOf(keys)}
    on conflict (${namesOf(keys)}) do update set ${updatesOf(columns)}`
}

/** A table of what the writer remembers of streams: batches write it, and a start reads it back. */
export interface StreamTable<Key, Row extends Key> {
  /** Writes the statements that delete and replace rows. */
  write(changes: RowChanges<Key, Row>): Iterable<Statement>
  /** Reads the rows of the streams heard last. */
  read(client: pg.Client, maxStreams: number): Promise<readonly Row[]>
}

/**
 * Makes the statements of a table.
 *
 * @param order of the rows that `read` returns, in SQL
 */
export function streamTable<Key extends object, Row extends Key>(
  table: string,
  columns: Columns,
  order: string,
): StreamTable<Key, Row> {
  const [remove, upsert] = [deleteRows(table, columns), upsertRows(table, columns)]
  const select = selectRows(table, columns, order)
  return {
    *write({ written, removed }) {
      yield* rowsStatements(`delete ${table}`, remove, removed)
      yield* rowsStatements(`upsert ${table}`, upsert, written)
    },
    async read(client, maxStreams) {
      return (await client.query(select, [maxStreams])).rows
    },
  }
}

/** Writes a statement that deletes rows by their keys. */
function deleteRows(table: string, columns: Columns): string {
  const keys = keysOf(columns)
  return `
    delete from ${table} as known
    using jsonb_to_recordset($1) as gone (${fieldsOf(keys)})
    where ${matches(keys, 'known', 'gone')}`
}

/** Writes a statement that reads the rows of the `$1` streams heard last. */
function selectRows(table: string, columns: Columns, order: string): string {
  const stream = namesOf(STREAM_COLUMNS)
  return `
    select ${selectOf(columns)} from ${table}
    join (select ${stream} from exporter_streams order by last_seen desc limit $1) as followed
      using (${stream})
    order by ${order}`
}

/** Compares a table with rows that came as JSON. */
function matches(keys: Columns, table: string, rows: string): string {
  return Object.entries(keys)
    .map(([property, { name }]) => `${table}.${name} = ${rows}."${property}"`)
    .join(' and ')
}
