/** Deletes old rows in portions, so that no statement takes long, locks much, or loses its work. */

import type pg from 'pg'

const PORTION_ROWS = 10_000

/** The rows to delete: those of `table` whose `column` is before `before`. */
interface OldRows {
  /** Its name in SQL. */
  readonly table: string
  /** With an index. */
  readonly column: string
  readonly before: Date
}

/**
 * Deletes the rows.
 *
 * @returns how many there were
 * @throws the database's error; the portions before stay deleted
 */
export async function deleteOldRows(client: pg.Client, rows: OldRows): Promise<number> {
  const { table, column, before } = rows
  let deleted = 0
  for (;;) {
    const { rowCount } = await client.query(
      `delete from only ${table} where ctid = any(array(
         select ctid from only ${table} where ${column} < $1 limit ${PORTION_ROWS}))`,
      [before],
    )
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < PORTION_ROWS) return deleted
  }
}
