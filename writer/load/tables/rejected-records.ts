/** The table `rejected_records`: rows that the database refused as data, and why. */

import type pg from 'pg'

export interface RefusedRow {
  readonly sqlState: string
  readonly reason: string
  /** Values by column of `flows`. */
  readonly record: Readonly<Record<string, unknown>>
}

const INSERT = `
  insert into rejected_records (received_at, exporter, sqlstate, reason, record)
  select (record->>'received_at')::timestamptz, (record->>'exporter')::inet, "sqlState", reason, record
  from jsonb_to_recordset($1) as refused ("sqlState" text, reason text, record jsonb)`

/** Keeps refused rows, in the transaction of the rows that were accepted. */
export async function parkRows(client: pg.Client, refused: readonly RefusedRow[]): Promise<void> {
  if (refused.length > 0) await client.query(INSERT, [JSON.stringify(refused)])
}
