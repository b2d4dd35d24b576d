/**
 * Writes what came of the datagrams and records of a batch, for the balance: what the writer has
 * counted while it read, beside the rows that were copied and parked. It judges nothing.
 */

import { rowsStatements, type Statement } from '../database/statements.ts'
import type { BatchChanges, CountChange } from './batch-changes.ts'

/** Rows of one exporter in a batch. */
export interface RowCount {
  readonly exporter: string
  readonly stored: number
  readonly parked: number
}

const ADD_COUNTS = `
  insert into exporter_counts as kept (
    journal, exporter, received, decoded, held, expired, duplicates, records, stored, parked,
    not_stored)
  select
    $2, exporter, sum(coalesce(received, 0)), sum(coalesce(decoded, 0)), sum(coalesce(held, 0)),
    sum(coalesce(expired, 0)), sum(coalesce(duplicates, 0)), sum(coalesce(records, 0)),
    sum(coalesce(stored, 0)), sum(coalesce(parked, 0)), sum(coalesce("notStored", 0))
  from jsonb_to_recordset($1) as counted (
    exporter inet, received bigint, decoded bigint, held bigint, expired bigint,
    duplicates bigint, records bigint, stored bigint, parked bigint, "notStored" bigint)
  group by exporter
  on conflict (journal, exporter) do update set
    received = kept.received + excluded.received, decoded = kept.decoded + excluded.decoded,
    held = kept.held + excluded.held, expired = kept.expired + excluded.expired,
    duplicates = kept.duplicates + excluded.duplicates, records = kept.records + excluded.records,
    stored = kept.stored + excluded.stored, parked = kept.parked + excluded.parked,
    not_stored = kept.not_stored + excluded.not_stored`

const ADD_REJECTIONS = `
  insert into rejected_datagrams as kept (journal, exporter, outcome, reason, datagrams)
  select $2, exporter, outcome, reason, datagrams
  from jsonb_to_recordset($1) as counted (
    exporter inet, outcome text, reason text, datagrams bigint)
  on conflict (journal, exporter, outcome, reason) do update
  set datagrams = kept.datagrams + excluded.datagrams`

/** Makes the statements that add the counts; they belong to a journal. */
export function* balanceStatements(
  { counts, rejections }: BatchChanges,
  rows: readonly RowCount[],
  journalId: string,
): Iterable<Statement> {
  const counted: (CountChange | RowCount)[] = [...counts.values(), ...rows]
  yield* rowsStatements('add counts', ADD_COUNTS, counted, journalId)
  yield* rowsStatements('add rejections', ADD_REJECTIONS, [...rejections.values()], journalId)
}
