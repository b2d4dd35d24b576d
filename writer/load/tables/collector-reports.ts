/**
 * The table `collector_reports`: the latest report of each start of a collector, and the lines that
 * the writer had read up to the first and the latest one.
 */

import { rowsStatements, type Statement } from '../database/statements.ts'
import type { LineCounts } from './journal-positions.ts'
import {
  type Columns,
  fieldsOf,
  keysOf,
  namesOf,
  type RowOf,
  updatesOf,
  valuesOf,
} from './table.ts'

/** Keeps a value of the first report as long as the same journal reads the collector. */
function keepInJournal(name: string): string {
  return `case when known.journal = excluded.journal then known.${name} else excluded.${name} end`
}

const REPORT_COLUMNS = {
  collector: { name: 'collector', type: 'text', combine: 'key' },
  startedAtMicros: { name: 'started_at', type: 'micros', combine: 'keep' },
  reportedAtMicros: { name: 'reported_at', type: 'micros', combine: 'replace' },
  received: { name: 'received', type: 'bigint', combine: 'replace' },
  forwarded: { name: 'forwarded', type: 'bigint', combine: 'replace' },
  queueDropped: { name: 'queue_dropped', type: 'bigint', combine: 'replace' },
  kernelDropped: { name: 'kernel_dropped', type: 'bigint', nullable: true, combine: 'replace' },
  final: { name: 'final', type: 'boolean', combine: 'replace' },
  /** Datagrams that were put into the pipe before the first report of the batch. */
  firstSent: { name: 'first_sent', type: 'bigint', combine: keepInJournal },
} as const satisfies Columns

const COLUMNS = {
  ...REPORT_COLUMNS,
  firstRead: { name: 'first_read', type: 'bigint', combine: keepInJournal },
  firstMalformed: { name: 'first_malformed', type: 'bigint', combine: keepInJournal },
  firstReport: { name: 'first_report', type: 'bigint', combine: keepInJournal },
  firstLostBytes: { name: 'first_lost_bytes', type: 'bigint', combine: keepInJournal },
  lastRead: { name: 'last_read', type: 'bigint', combine: 'replace' },
  lastMalformed: { name: 'last_malformed', type: 'bigint', combine: 'replace' },
  lastReport: { name: 'last_report', type: 'bigint', combine: 'replace' },
  lastLostBytes: { name: 'last_lost_bytes', type: 'bigint', combine: 'replace' },
} as const satisfies Columns

/** The latest report of one start of a collector. */
export interface CollectorReportChange extends RowOf<typeof REPORT_COLUMNS> {
  /** The lines read up to the first report of the batch. */
  readonly first: LineCounts
  /** The lines read up to the latest report. */
  readonly last: LineCounts
}

const UPSERT = `
  insert into collector_reports as known (${namesOf(COLUMNS)}, journal)
  select ${valuesOf(COLUMNS)}, $2
  from jsonb_to_recordset($1) as changed (${fieldsOf(COLUMNS)})
  on conflict (${namesOf(keysOf(COLUMNS))}) do update
  set ${updatesOf(COLUMNS)}, journal = excluded.journal`

export function reportStatements(
  changes: Iterable<CollectorReportChange>,
  journalId: string,
): Iterable<Statement> {
  return rowsStatements('upsert reports', UPSERT, Array.from(changes, toRow), journalId)
}

function toRow({ first, last, ...report }: CollectorReportChange): RowOf<typeof COLUMNS> {
  return {
    ...report,
    firstRead: first.datagrams,
    firstMalformed: first.malformed,
    firstReport: first.reports,
    firstLostBytes: first.lostBytes,
    lastRead: last.datagrams,
    lastMalformed: last.malformed,
    lastReport: last.reports,
    lastLostBytes: last.lostBytes,
  }
}
