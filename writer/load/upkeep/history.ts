/**
 * Compresses closed partitions of `flows`, one at a time; the others are read and loaded meanwhile.
 */

import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import type { Compression } from '../stores/flow-store.ts'

/** An advisory lock, together with the table: one of several writers compresses at a time. */
const HISTORY_LOCK = 7_411_986

/** SQLSTATE. */
const UNDEFINED_TABLE = '42P01'

interface HistoryOptions {
  readonly compression: Compression
  /** How long a partition has been closed; 0: none is compressed. */
  readonly afterDays: number
  readonly logger: Logger
  readonly signal: AbortSignal
}

export class History {
  readonly #options: HistoryOptions
  /** What the log has told last. */
  #toldObstacle: string | undefined
  #toldPartition: string | undefined

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  /**
   * Compresses all partitions that are due. Does nothing while another writer does this.
   *
   * @throws the database's error, such as a lock that was not given in time; the next call goes on
   */
  async compress(client: pg.Client): Promise<void> {
    const { afterDays, signal } = this.#options
    if (afterDays === 0 || !(await this.#isPossible(client))) return
    const { rows } = await client.query(
      `select pg_try_advisory_lock($1, 'flows'::regclass::oid::integer) as locked`,
      [HISTORY_LOCK],
    )
    if (!rows[0]?.locked) return
    try {
      while (!signal.aborted && (await this.#compressNext(client)));
    } finally {
      // A lost connection has lost the lock as well.
      const unlock = `select pg_advisory_unlock($1, 'flows'::regclass::oid::integer)`
      await client.query(unlock, [HISTORY_LOCK]).catch(() => {})
    }
  }

  async #isPossible(client: pg.Client): Promise<boolean> {
    const { compression, logger } = this.#options
    const obstacle = await compression.findObstacle(client)
    if (obstacle !== undefined && obstacle !== this.#toldObstacle) {
      logger.warn(
        `COLUMNAR_AFTER_DAYS is set, but partitions stay as they are: ${obstacle}, or set ` +
          'COLUMNAR_AFTER_DAYS=0',
      )
    }
    this.#toldObstacle = obstacle
    return obstacle === undefined
  }

  /** Returns whether there was one. */
  async #compressNext(client: pg.Client): Promise<boolean> {
    const { compression, afterDays, logger } = this.#options
    const next = await compression.findNext(client, afterDays)
    if (next === undefined) return false
    const { name: partition, bytes: bytesBefore, waiting } = next
    const { format } = compression
    // A partition that is read all the time is tried every minute.
    if (partition !== this.#toldPartition) {
      logger.info({ partition, waiting }, `making a partition ${format}`)
    }
    this.#toldPartition = partition
    const startedAt = performance.now()
    try {
      const bytes = await compression.compress(client, partition)
      const seconds = Math.round((performance.now() - startedAt) / 100) / 10
      logger.info({ partition, bytesBefore, bytes, seconds }, `made a partition ${format}`)
    } catch (error) {
      // Retention has dropped the partition meanwhile.
      if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error
    }
    return true
  }
}
