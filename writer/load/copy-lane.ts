/**
 * One connection that loads one batch after the other, each in one transaction with its state. It
 * tries for ever: a batch is in, or it is still here.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from '../../shared/logger.ts'
import { type RowCount, writeBalance } from './balance-changes.ts'
import type { CopyBatch } from './copy-batch.ts'
import {
  copyAcceptableRows,
  copyRows,
  parkRows,
  type RefusedRow,
  RefusedRowError,
} from './copy-rows.ts'
import { DatabaseError } from './database.ts'
import { type JournalStep, moveJournalPosition } from './journal-position.ts'
import type { OutageLog } from './outage-log.ts'
import type { Partitions } from './partitions.ts'
import { Session } from './session.ts'
import { describeError } from './sql-state.ts'
import { writeChanges } from './state-changes.ts'

const FIRST_DELAY_MS = 100
/** An error that waiting does not mend stops the writer when it has come so often in a row. */
const MAX_HOPELESS = 4
const LONGEST_DELAY_MS = 10_000
/**
 * How long copied rows wait in their transaction for the batches before them. Those may wait, behind
 * somebody's `create index`, for just this transaction to end, and the server cannot see that.
 */
const PATIENCE_MS = 5_000

export interface CopyLaneOptions {
  readonly databaseUrl: string
  readonly partitions: Partitions
  readonly outage: OutageLog
  readonly logger: Logger
  /** Given up when it aborts: the process is about to end. */
  readonly signal: AbortSignal
}

/** A batch with its place in the stream. */
export interface LaneJob {
  readonly batch: CopyBatch
  readonly step: JournalStep
  /** Resolves when every batch before is committed. */
  readonly turn: Promise<void>
}

/** What is known of the attempts to load one batch. */
interface Attempts {
  failed: number
  /** Failures in a row that waiting does not mend. */
  hopeless: number
  /** A row was refused: go around it. */
  halving: boolean
  /** The turn took too long: do not copy before it. */
  waiting: boolean
}

export class CopyLane {
  readonly #options: CopyLaneOptions
  readonly #session: Session

  constructor(options: CopyLaneOptions) {
    this.#options = options
    this.#session = new Session({ databaseUrl: options.databaseUrl })
  }

  /**
   * Loads a batch. Its rows are copied at once, its state changes and the commit only follow when its
   * turn has come: a later batch that held a row of `exporters` while waiting would block an earlier
   * one for ever, and PostgreSQL could not see that deadlock.
   *
   * @throws DatabaseError when the batch must never be loaded; what `signal` aborts with
   */
  async load(job: LaneJob): Promise<void> {
    const { outage, signal } = this.#options
    const attempts: Attempts = { failed: 0, hopeless: 0, halving: false, waiting: false }
    for (;;) {
      signal.throwIfAborted()
      if (attempts.waiting) await job.turn
      try {
        await this.#session.use((client) => this.#attempt(client, job, attempts))
        outage.succeeded(performance.now())
        return
      } catch (error) {
        signal.throwIfAborted()
        await this.#afterFailure(error, attempts)
      }
    }
  }

  async #afterFailure(error: unknown, attempts: Attempts): Promise<void> {
    const { outage, partitions, signal } = this.#options
    if (error instanceof DatabaseError) throw error
    // Somebody else may have dropped one.
    partitions.forget()
    if (error instanceof ImpatienceError) {
      attempts.waiting = true
      return
    }
    if (error instanceof RefusedRowError && !attempts.halving) {
      attempts.halving = true
      return
    }
    const described = describeError(error)
    outage.failed(performance.now(), described)
    const isHopeless = described.kind !== 'retry' && described.kind !== 'partition'
    attempts.hopeless = isHopeless ? attempts.hopeless + 1 : 0
    if (attempts.hopeless === MAX_HOPELESS) {
      const { condition, message, sqlState } = described
      throw new DatabaseError(
        `the database refuses a batch: ${condition} (${sqlState}: ${message}); the writer stops, the ` +
          'journal keeps what is not loaded: mend the database and start the writer again',
        error,
      )
    }
    const fullMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempts.failed, 10), LONGEST_DELAY_MS)
    attempts.failed += 1
    // Half of it is left to chance, or all lanes would knock at the same time.
    await sleep(fullMs * (0.5 + Math.random() / 2), undefined, { signal })
  }

  async #attempt(client: pg.Client, job: LaneJob, attempts: Attempts): Promise<void> {
    const { batch, step } = job
    await this.#options.partitions.ensure(client, batch.hours)
    await client.query('begin isolation level read committed')
    const { copied, refused } = attempts.halving
      ? await this.#copyAround(client, batch)
      : { copied: await copyRows(client, batch), refused: [] }
    await waitPatiently(job.turn)
    const { lines } = batch.changes
    if (!(await moveJournalPosition(client, step, { lines, copiedRows: copied }))) {
      await client.query('rollback')
      return
    }
    await writeChanges(client, batch.changes, step.journalId)
    await writeBalance(client, batch.changes, countRows(batch, refused), step.journalId)
    await client.query('commit')
  }

  async #copyAround(client: pg.Client, batch: CopyBatch) {
    const { copied, refused } = await copyAcceptableRows(client, batch)
    await parkRows(client, refused)
    batch.parked = refused.length
    if (refused.length > 0) {
      this.#options.logger.warn(
        { rows: refused.length, reason: refused[0]?.reason },
        'the database refused rows; they are kept in rejected_records, the others are stored',
      )
    }
    return { copied, refused }
  }

  /** Closes the connection; a batch on its way is given up. */
  async stop(): Promise<void> {
    await this.#session.stop()
  }
}

/** Counts the rows of a batch by exporter: those that are in, and those that were refused. */
function countRows(batch: CopyBatch, refused: readonly RefusedRow[]): readonly RowCount[] {
  const parked = new Map<unknown, number>()
  for (const { record } of refused) {
    parked.set(record['exporter'], (parked.get(record['exporter']) ?? 0) + 1)
  }
  return Array.from(batch.countRows(), ([exporter, rows]) => {
    const parkedRows = parked.get(exporter) ?? 0
    return { exporter, stored: rows - parkedRows, parked: parkedRows }
  })
}

/** The turn did not come in time; the transaction must end. */
class ImpatienceError extends Error {}

async function waitPatiently(turn: Promise<void>): Promise<void> {
  const timer = new AbortController()
  try {
    await Promise.race([
      turn,
      sleep(PATIENCE_MS, undefined, { signal: timer.signal }).then(() => {
        throw new ImpatienceError('the batches before are not committed in time')
      }),
    ])
  } finally {
    timer.abort()
  }
}
