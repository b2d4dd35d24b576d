/**
 * The table `journal_positions`: how much of a journal the database holds. Each batch moves the
 * position in its own transaction, so every byte of the stream counts exactly once.
 */

import type pg from 'pg'
import { DatabaseError } from '../database/connection.ts'
import { describeDatabase } from '../database/requirements.ts'
import type { Statement } from '../database/statements.ts'
import { type Columns, emptyRow, type RowOf, selectOf } from './table.ts'

const LINE_COLUMNS = {
  datagrams: { name: 'datagram_lines', type: 'bigint' },
  malformed: { name: 'malformed_lines', type: 'bigint' },
  reports: { name: 'report_lines', type: 'bigint' },
  /** Bytes of the journal that could not be read: nobody knows how many lines they held. */
  lostBytes: { name: 'lost_bytes', type: 'bigint' },
} as const satisfies Columns

const LINE_COUNTERS = Object.entries(LINE_COLUMNS) as [keyof LineCounts, Columns[string]][]

/** Lines of the pipe since the beginning of the journal. */
export type LineCounts = RowOf<typeof LINE_COLUMNS>

/** Bytes of the stream that the database holds, and the batches that brought them. */
export interface JournalPosition {
  readonly position: number
  readonly batches: number
}

/** The step of one batch: the position before it, and the position after it. */
export interface JournalStep {
  readonly journalId: string
  readonly from: JournalPosition
  /** At least `from.position`; equal when time alone has caused the changes. */
  readonly to: number
}

/** The counts of a step, beside its bytes. */
interface StepCounts {
  /** Since the beginning of the journal; null leaves them as they are. */
  readonly lines: LineCounts | null
  /** Rows that the server says it has stored. */
  readonly copiedRows: number
}

/** The journal was loaded into a database that is not this one. */
export class ForeignJournalError extends DatabaseError {
  /** @param database the one that it was loaded into */
  constructor(journalId: string, database: string, here: string) {
    const remedy =
      database === here
        ? `that stood in the place of this one (${here}), which may lack flows of it: bring it back to load them`
        : `(${database}), which may lack flows of it, and this one (${here}) does not know it: set ` +
          'DATABASE_URL back to load them'
    super(
      `journal ${journalId} belongs to another database ${remedy}, or move JOURNAL_DIR away to ` +
        'begin a new journal here without them',
    )
    this.name = 'ForeignJournalError'
  }
}

/** The journal whose position to open; see `FlowLoaderOptions`. */
interface OpenOptions {
  readonly journalId: string
  readonly journalStart: number
  readonly journalDatabase: string | undefined
}

/**
 * Reads the position, and inserts its row when the journal is new.
 *
 * @throws ForeignJournalError when the journal is not new, but unknown to this database
 */
export async function openJournalPosition(
  client: pg.Client,
  { journalId, journalStart, journalDatabase }: OpenOptions,
): Promise<JournalPosition> {
  if (journalDatabase !== undefined) {
    const known = await settleJournalPosition(client, journalId)
    if (known) return known
    const here = await describeDatabase(client)
    throw new ForeignJournalError(journalId, journalDatabase, here)
  }
  await client.query(
    'insert into journal_positions (journal, position) values ($1, $2) on conflict do nothing',
    [journalId, journalStart],
  )
  const found = await settleJournalPosition(client, journalId)
  if (!found) throw new DatabaseError(`journal_positions lost its row of journal ${journalId}`)
  return found
}

const MOVE_POSITION = `
  update journal_positions set position = $4, batches = batches + 1, updated_at = now(),
    copied_rows = copied_rows + $5,
    ${LINE_COUNTERS.map(([, { name }], index) => `${name} = coalesce($${6 + index}, ${name})`)}
  where journal = $1 and position = $2 and batches = $3`

/**
 * Returns the statement that moves the position. It changes one row, or none when the database is
 * not where the step begins. The answer is certain: while the commit of an earlier attempt is
 * undecided, that attempt holds the lock of the row.
 */
export function positionStatement(
  { journalId, from, to }: JournalStep,
  { lines, copiedRows }: StepCounts,
): Statement {
  const counted = LINE_COUNTERS.map(([counter]) => lines?.[counter] ?? null)
  const values = [journalId, from.position, from.batches, to, copiedRows, ...counted]
  return { name: 'move position', text: MOVE_POSITION, values }
}

/**
 * Checks that a batch which could not move the position is committed already: its commit succeeded,
 * and only the answer was lost. Must not be called in the transaction of the batch.
 *
 * @throws DatabaseError when the database is at any other position
 */
export async function checkIsLoaded(client: pg.Client, step: JournalStep): Promise<void> {
  const { journalId, from, to } = step
  const found = await readJournalPosition(client, journalId)
  if (found?.position === to && found.batches === from.batches + 1) return
  const where = found ? `at position ${found.position}, batch ${found.batches}` : 'missing'
  throw new DatabaseError(
    `journal ${journalId} is ${where} in the database, expected was position ${from.position}, ` +
      `batch ${from.batches}: another writer uses the same JOURNAL_DIR (stop one of them), or the ` +
      'database was restored from a backup (start the writer again)',
  )
}

const READ_POSITION = `
  select position::float8 as position, batches::float8 as batches
  from journal_positions where journal = $1`

async function readJournalPosition(
  client: pg.Client,
  journalId: string,
): Promise<JournalPosition | undefined> {
  const { rows } = await client.query<JournalPosition>(READ_POSITION, [journalId])
  return rows[0]
}

/**
 * Reads the position when nobody is moving it. A killed writer may have left a commit that the
 * server has not decided yet; it holds the lock of the row until then.
 */
async function settleJournalPosition(
  client: pg.Client,
  journalId: string,
): Promise<JournalPosition | undefined> {
  const { rows } = await client.query<JournalPosition>(`${READ_POSITION} for update`, [journalId])
  return rows[0]
}

const SELECT_LINES = `select ${selectOf(LINE_COLUMNS)} from journal_positions where journal = $1`

export async function readLineCounts(client: pg.Client, journalId: string): Promise<LineCounts> {
  const { rows } = await client.query<LineCounts>(SELECT_LINES, [journalId])
  return rows[0] ?? emptyRow(LINE_COLUMNS)
}

/** Locks the journal for this session; returns false when another session holds the lock. */
export async function lockJournal(client: pg.Client, journalId: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
    [`netflow journal ${journalId}`],
  )
  return rows[0]?.locked === true
}
