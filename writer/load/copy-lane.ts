/**
 * One connection that loads one batch after the other, each in one transaction with its state. It
 * tries for ever, so a batch is either committed or still here.
 */

import type pg from 'pg'
import type { Libc } from '../../shared/libc.ts'
import type { Logger } from '../../shared/logger.ts'
import { quoteText } from '../../shared/quoted-text.ts'
import type { CopyBatch } from './copy/copy-batch.ts'
import { copyAcceptableRows, copyRows, RefusedRowError } from './copy/copy-rows.ts'
import { copyStatement } from './copy/flow-columns.ts'
import { BackOff } from './database/back-off.ts'
import { DatabaseError, widenSendBuffer } from './database/connection.ts'
import type { OutageLog } from './database/outage-log.ts'
import { Session } from './database/session.ts'
import {
  describeError,
  type ErrorKind,
  INTERNAL_ERROR,
  type SqlError,
} from './database/sql-state.ts'
import { runTogether } from './database/statements.ts'
import type { CopyTargets } from './stores/flow-store.ts'
import { attachedStatement } from './stores/partitions.ts'
import { batchStatements } from './tables/batch-statements.ts'
import { checkIsLoaded, type JournalStep, positionStatement } from './tables/journal-positions.ts'
import type { RowCount } from './tables/outcome-counts.ts'
import { parkRows, type RefusedRow } from './tables/rejected-records.ts'
import { dirtyStatements } from './tables/rollup-dirty.ts'

const BACK_OFF = { firstMs: 100, longestMs: 10_000 }
/**
 * Failures in a row that waiting cannot cure: after this many the writer stops, unless the database
 * has taken a batch before. Then somebody has changed it, and may change it back.
 */
const MAX_HOPELESS = 4
/**
 * Internal errors of the server in a row: after the first number, single rows are suspected of causing
 * them; after the second, even all rows of a batch. With the back-off, that takes a second and two minutes.
 */
const SUSPICIOUS = 4
const PATIENCE_OVER = 20
/**
 * How long copied rows wait in their transaction for the batches before them. A batch before may
 * wait for somebody's `create index`, which waits for this very transaction: the server sees no
 * deadlock.
 */
const PATIENCE_MS = 5_000

interface CopyLaneOptions {
  readonly databaseUrl: string
  readonly libc: Libc | undefined
  readonly targets: CopyTargets
  readonly outage: OutageLog
  readonly logger: Logger
  /** When it aborts, the lane gives up its batch: the process is about to end. */
  readonly signal: AbortSignal
}

/** A batch and its place in the stream. */
interface LaneJob {
  readonly batch: CopyBatch
  readonly step: JournalStep
  /** Resolves when every batch before this one is committed. */
  readonly turn: Promise<void>
}

/** The findings of the attempts to load one batch. */
class Attempts {
  readonly backOff = new BackOff(BACK_OFF)
  /** Failures in a row that waiting cannot cure. */
  hopeless = 0
  /** The database refused a row: find it by halving. */
  halving = false
  /** Internal errors of the server in a row. */
  internal = 0
  /** The turn took too long: do not copy before it. */
  waiting = false
  /** COPY straight into the partition failed: copy through `flows`. */
  throughParent = false
  /** The position was not where the batch begins: check whether the batch is committed already. */
  unmoved = false
}

const BEGIN = 'begin isolation level read committed'

export class CopyLane {
  readonly #options: CopyLaneOptions
  readonly #session: Session
  /** Resolves when the last batch is committed. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: CopyLaneOptions) {
    this.#options = options
    const { databaseUrl, libc } = options
    const onConnect = async (client: pg.Client) => void widenSendBuffer(client, libc)
    this.#session = new Session({ databaseUrl, onConnect })
  }

  /**
   * Loads a batch after those that this lane was given before. Its rows are copied at once, but its
   * state changes and the commit wait for its turn. A later batch that held a row of `exporters`
   * while it waits would block an earlier one for ever, and PostgreSQL could not see that deadlock.
   *
   * @throws DatabaseError when the batch, or one before it, can never be loaded; the reason of
   *   `signal`
   */
  load(job: LaneJob): Promise<void> {
    this.#last = this.#loadAfter(this.#last, job)
    return this.#last
  }

  async #loadAfter(last: Promise<void>, job: LaneJob): Promise<void> {
    const { outage, signal } = this.#options
    const attempts = new Attempts()
    await last
    for (;;) {
      signal.throwIfAborted()
      if (attempts.waiting) await job.turn
      try {
        await this.#session.use((client) => this.#attempt(client, job, attempts))
        outage.loaded(performance.now())
        return
      } catch (error) {
        signal.throwIfAborted()
        await this.#afterFailure(error, attempts)
      }
    }
  }

  /** Decides how the next attempt differs, or waits before it. */
  async #afterFailure(error: unknown, attempts: Attempts): Promise<void> {
    const { outage, targets, signal } = this.#options
    if (error instanceof DatabaseError) throw error
    // Somebody may have dropped a partition.
    targets.forget()
    const described = describeError(error)
    if (this.#changesWay(error, described, attempts)) return
    outage.failed(performance.now(), described)
    attempts.internal = described.sqlState === INTERNAL_ERROR ? attempts.internal + 1 : 0
    attempts.halving = attempts.internal >= SUSPICIOUS || attempts.halving
    const isHopeless = described.kind !== 'retry' && described.kind !== 'partition'
    attempts.hopeless = isHopeless ? attempts.hopeless + 1 : 0
    if (attempts.hopeless >= MAX_HOPELESS && !outage.hasLoaded) {
      const { condition, message, sqlState } = described
      throw new DatabaseError(
        `the database refuses a batch: ${condition} (${sqlState}: ${message}); the writer stops, the ` +
          'journal keeps what is not loaded: repair the database and start the writer again',
        error,
      )
    }
    await attempts.backOff.wait(signal)
  }

  /** Whether the failure asks for another way, which is tried at once. */
  #changesWay(error: unknown, described: SqlError, attempts: Attempts): boolean {
    if (error instanceof ImpatienceError) attempts.waiting = true
    else if (error instanceof NotMovedError) attempts.unmoved = true
    else if (error instanceof RefusedRowError && !attempts.halving) attempts.halving = true
    else if (!attempts.throughParent && isAboutPartition(error, described)) {
      attempts.throughParent = true
      if (described.kind === 'access') this.#options.targets.avoid()
    } else return false
    return true
  }

  async #attempt(client: pg.Client, job: LaneJob, attempts: Attempts): Promise<void> {
    const { batch, step } = job
    const { targets } = this.#options
    if (attempts.unmoved) return await checkIsLoaded(client, step)
    await targets.ensure(client, batch.hours)
    const isDirect = !attempts.throughParent && !attempts.halving
    const partition = isDirect ? targets.find(batch.hours) : undefined
    const { copied, refused } = attempts.halving
      ? await this.#copyAround(client, batch, attempts)
      : { copied: await copyAll(client, batch, partition), refused: [] }
    await waitPatiently(job.turn)
    const { lines } = batch.changes
    const { counts, error } = await runTogether(client, [
      positionStatement(step, { lines, copiedRows: copied }),
      ...(partition === undefined ? [] : [attachedStatement(partition)]),
      ...batchStatements(batch.changes, countRows(batch, refused), step.journalId),
      ...dirtyStatements(batch.minutes),
    ])
    const [moved, attached] = counts
    if (moved === 0) throw new NotMovedError('the position is not where the batch begins')
    if (error !== undefined) throw error
    if (partition !== undefined && attached !== 1) throw new DetachedError(partition)
    // Sent alone: after a kill, a start waits for a commit under way by the lock of the position.
    await client.query('commit')
  }

  async #copyAround(client: pg.Client, batch: CopyBatch, { internal }: Attempts) {
    await client.query(BEGIN)
    const { copied, refused } = await copyAcceptableRows(client, batch, {
      suspectRows: internal >= SUSPICIOUS,
      isPatienceOver: internal >= PATIENCE_OVER,
    })
    await parkRows(client, refused)
    batch.parked = refused.length
    if (refused.length > 0) {
      this.#options.logger.warn(
        { rows: refused.length, reason: quoteText(refused[0]?.reason ?? '') },
        'the database refused rows; they are kept in rejected_records, the others are stored',
      )
    }
    return { copied, refused }
  }

  /** Closes the connection and gives up the batch on its way. */
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

/** Counts the rows of a batch by exporter: those stored and those refused. */
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

/** The batch is committed already, or the database is at another position than expected. */
class NotMovedError extends Error {}

/** The table that was copied into is no partition any more. */
class DetachedError extends Error {}

const PARTITION_KINDS: readonly ErrorKind[] = ['partition', 'access', 'unexpected']

/** Whether COPY may work through `flows`, which needs neither this partition nor rights on it. */
function isAboutPartition(error: unknown, { kind }: SqlError): boolean {
  return error instanceof DetachedError || PARTITION_KINDS.includes(kind)
}

async function waitPatiently(turn: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ImpatienceError('the batches before are not committed in time'))
    }, PATIENCE_MS)
  })
  try {
    await Promise.race([turn, impatience])
  } finally {
    clearTimeout(timer)
  }
}
