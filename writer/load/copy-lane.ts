/**
 * One connection that loads one batch after the other, each in one transaction with its state. It
 * tries for ever: a batch is in, or it is still here.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Libc } from '../../shared/libc.ts'
import type { Logger } from '../../shared/logger.ts'
import type { CopyBatch } from './copy/copy-batch.ts'
import { copyAcceptableRows, copyRows, RefusedRowError } from './copy/copy-rows.ts'
import { copyStatement } from './copy/flow-columns.ts'
import { DatabaseError, widenSendBuffer } from './database/connection.ts'
import type { OutageLog } from './database/outage-log.ts'
import { Session } from './database/session.ts'
import { describeError, type ErrorKind, type SqlError } from './database/sql-state.ts'
import { runTogether } from './database/statements.ts'
import { attachedStatement, type Partitions } from './partitions/partitions.ts'
import { batchStatements } from './tables/batch-statements.ts'
import { checkIsLoaded, type JournalStep, positionStatement } from './tables/journal-positions.ts'
import type { RowCount } from './tables/outcome-counts.ts'
import { parkRows, type RefusedRow } from './tables/rejected-records.ts'

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
  readonly libc: Libc | undefined
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
  /** Copying straight into the partition did not work: do so through `flows`. */
  throughParent: boolean
  /** The position had not been where the batch begins: see whether it is in. */
  unmoved: boolean
}

const BEGIN = 'begin isolation level read committed'

export class CopyLane {
  readonly #options: CopyLaneOptions
  readonly #session: Session

  constructor(options: CopyLaneOptions) {
    this.#options = options
    const { databaseUrl, libc } = options
    const onConnect = async (client: pg.Client) => void widenSendBuffer(client, libc)
    this.#session = new Session({ databaseUrl, onConnect })
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
    const attempts: Attempts = {
      failed: 0,
      hopeless: 0,
      halving: false,
      waiting: false,
      throughParent: false,
      unmoved: false,
    }
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
    if (error instanceof NotMovedError) {
      attempts.unmoved = true
      return
    }
    if (error instanceof RefusedRowError && !attempts.halving) {
      attempts.halving = true
      return
    }
    const described = describeError(error)
    if (!attempts.throughParent && isAboutPartition(error, described)) {
      attempts.throughParent = true
      if (described.kind === 'access') partitions.avoid()
      return
    }
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
    const { partitions } = this.#options
    if (attempts.unmoved) return await checkIsLoaded(client, step)
    await partitions.ensure(client, batch.hours)
    const isDirect = !attempts.throughParent && !attempts.halving
    const partition = isDirect ? partitions.find(batch.hours) : undefined
    const { copied, refused } = attempts.halving
      ? await this.#copyAround(client, batch)
      : { copied: await copyAll(client, batch, partition), refused: [] }
    await waitPatiently(job.turn)
    const { lines } = batch.changes
    const { counts, error } = await runTogether(client, [
      positionStatement(step, { lines, copiedRows: copied }),
      ...(partition === undefined ? [] : [attachedStatement(partition)]),
      ...batchStatements(batch.changes, countRows(batch, refused), step.journalId),
    ])
    const [moved, attached] = counts
    if (moved === 0) throw new NotMovedError('the position is not where the batch begins')
    if (error !== undefined) throw error
    if (partition !== undefined && attached !== 1) throw new DetachedError(partition)
    // Not together with the above: a start after a kill waits for a commit by the lock of the position.
    await client.query('commit')
  }

  async #copyAround(client: pg.Client, batch: CopyBatch) {
    await client.query(BEGIN)
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

/** Begins and copies in one round trip. */
async function copyAll(
  client: pg.Client,
  batch: CopyBatch,
  partition: string | undefined,
): Promise<number> {
  const statement = `${BEGIN}; ${copyStatement(batch.fields, partition)}`
  if (batch.rows > 0) return await copyRows(client, batch, { statement })
  await client.query(BEGIN)
  return 0
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

/** The batch is in already, or the database is not where it is thought to be. */
class NotMovedError extends Error {}

/** The partition that was copied into is none any more. */
class DetachedError extends Error {}

const PARTITION_KINDS: readonly ErrorKind[] = ['partition', 'access', 'unexpected']

/** Tells whether the same may work through `flows`: its partitions, or rights on them, are others. */
function isAboutPartition(error: unknown, { kind }: SqlError): boolean {
  return error instanceof DetachedError || PARTITION_KINDS.includes(kind)
}

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
