/**
 * One connection that loads one batch after the other, each in one transaction with its state. It
 * tries for ever: a batch is in, or it is still here.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from '../../shared/logger.ts'
import type { CopyBatch } from './copy-batch.ts'
import { copyAcceptableRows, copyRows, parkRows } from './copy-rows.ts'
import { closeQuietly, connectDatabase, DatabaseError } from './database.ts'
import type { OutageLog } from './outage-log.ts'
import type { Partitions } from './partitions.ts'
import { describeError } from './sql-state.ts'
import { writeChanges } from './state-changes.ts'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000

export interface CopyLaneOptions {
  readonly databaseUrl: string
  readonly journalId: string
  readonly partitions: Partitions
  readonly outage: OutageLog
  readonly logger: Logger
  /** Given up when it aborts: the process is about to end. */
  readonly signal: AbortSignal
}

/** What is known of the attempts to load one batch. */
interface Attempts {
  /** A COMMIT was sent whose answer did not come: only the position tells. */
  commitSent: boolean
  /** A row was refused: go around it. */
  halving: boolean
}

export class CopyLane {
  readonly #options: CopyLaneOptions
  #client: pg.Client | undefined

  constructor(options: CopyLaneOptions) {
    this.#options = options
  }

  /**
   * Loads a batch. Its rows are copied at once, its state changes and the commit only follow when
   * `turn` has come: a later batch that held a row of `exporters` while waiting would block an
   * earlier one for ever, and PostgreSQL could not see that deadlock.
   */
  async load(batch: CopyBatch, turn: Promise<void>): Promise<void> {
    const { outage, signal } = this.#options
    const attempts: Attempts = { commitSent: false, halving: false }
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      signal.throwIfAborted()
      try {
        await this.#attempt(batch, turn, attempts)
        outage.succeeded(performance.now())
        return
      } catch (error) {
        this.#disconnect()
        if (error instanceof DatabaseError) throw error
        if (isRefusedRow(error) && !attempts.halving) {
          attempts.halving = true
          continue
        }
        outage.failed(performance.now(), describeError(error))
        await sleep(delayMs * (0.75 + Math.random() / 2), undefined, { signal })
      }
    }
  }

  async #attempt(batch: CopyBatch, turn: Promise<void>, attempts: Attempts): Promise<void> {
    const client = await this.#connect()
    if (attempts.commitSent && (await this.#readPosition(client)) === batch.journalTo) return
    await this.#options.partitions.ensure(client, batch.hours)
    await client.query('begin')
    if (attempts.halving) {
      const refused = await copyAcceptableRows(client, batch)
      await parkRows(client, refused)
      if (refused.length > 0) this.#logRefused(refused.length, refused[0]?.reason)
    } else {
      await copyRows(client, batch).catch((error: unknown) => {
        throw markRefusedRow(error)
      })
    }
    await turn
    await writeChanges(client, batch.changes)
    if (!(await this.#movePosition(client, batch, attempts))) return
    attempts.commitSent = true
    await client.query('commit')
  }

  /** Gives false when the batch is in already, by a commit whose answer was lost. */
  async #movePosition(client: pg.Client, batch: CopyBatch, attempts: Attempts): Promise<boolean> {
    const { journalId } = this.#options
    const { journalFrom, journalTo } = batch
    const moved = await client.query(
      `update journal_positions set position = $3, updated_at = now()
       where journal = $1 and position = $2`,
      [journalId, journalFrom, journalTo],
    )
    if (moved.rowCount === 1) return true
    const position = await this.#readPosition(client)
    await client.query('rollback')
    if (attempts.commitSent && position === journalTo) return false
    throw new DatabaseError(
      `the database is at position ${position} of journal ${journalId}, not at ${journalFrom}: ` +
        'another writer uses the same JOURNAL_DIR, or the database was restored from a backup',
    )
  }

  async #readPosition(client: pg.Client): Promise<number> {
    const { rows } = await client.query<{ position: string }>(
      'select position from journal_positions where journal = $1',
      [this.#options.journalId],
    )
    return Number(rows[0]?.position)
  }

  #logRefused(rows: number, reason: string | undefined): void {
    this.#options.logger.warn(
      { rows, reason },
      'the database refused rows; they are kept in rejected_records, the others are stored',
    )
  }

  async #connect(): Promise<pg.Client> {
    this.#client ??= await connectDatabase(this.#options.databaseUrl)
    return this.#client
  }

  #disconnect(): void {
    if (this.#client) closeQuietly(this.#client)
    this.#client = undefined
    this.#options.partitions.forget()
  }

  async stop(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }
}

/** Marks an error of COPY itself: only there a data error means a row. */
class RefusedRowError extends Error {
  constructor(cause: unknown) {
    super('a row was refused', { cause })
    this.name = 'RefusedRowError'
  }
}

function markRefusedRow(error: unknown): unknown {
  return describeError(error).kind === 'data' ? new RefusedRowError(error) : error
}

function isRefusedRow(error: unknown): boolean {
  return error instanceof RefusedRowError
}
