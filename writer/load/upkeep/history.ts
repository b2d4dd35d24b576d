/**
 * Compresses closed partitions of `flows`, one at a time; the others are read and loaded meanwhile.
 */

import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import type { FlowStore } from '../stores/flow-store.ts'
import { readBytes } from '../stores/partition-bytes.ts'
import { withTableLock } from './table-lock.ts'

/** SQLSTATE. */
const UNDEFINED_TABLE = '42P01'

interface HistoryOptions {
  readonly store: Pick<FlowStore, 'compression'>
  /** Days from the end of a partition until it is compressed; 0: never. */
  readonly afterDays: number
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** The work since the start, and what is left. */
export interface HistoryStatus {
  /** Partitions that are due, as of the last look. */
  readonly waiting: number
  /** Partitions that were compressed, and their bytes before and after. */
  readonly partitions: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** How long that took. */
  readonly seconds: number
}

const NOTHING: HistoryStatus = {
  waiting: 0,
  partitions: 0,
  bytesBefore: 0,
  bytesAfter: 0,
  seconds: 0,
}

export class History {
  readonly #options: HistoryOptions
  #status = NOTHING
  /** What the log told last. */
  #toldObstacle: string | undefined
  #toldPartition: string | undefined

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  get status(): HistoryStatus {
    return this.#status
  }

  /**
   * Compresses all partitions that are due. Does nothing while another writer does this.
   *
   * @throws the database's error, such as a lock that was not given in time; the next call goes on
   */
  async compress(client: pg.Client): Promise<void> {
    const { afterDays, signal } = this.#options
    if (afterDays === 0 || !(await this.#isPossible(client))) return
    await withTableLock(client, 'compress', async () => {
      while (!signal.aborted && (await this.#compressNext(client)));
    })
  }

  async #isPossible(client: pg.Client): Promise<boolean> {
    const { store, logger } = this.#options
    const obstacle = await store.compression.findObstacle(client)
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
    const { store, afterDays, logger } = this.#options
    const { compression } = store
    const next = await compression.findNext(client, afterDays)
    this.#status = { ...this.#status, waiting: next?.waiting ?? 0 }
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
      await compression.compress(client, partition)
      const bytes = await readBytes(client, partition)
      const seconds = Math.round((performance.now() - startedAt) / 100) / 10
      this.#status = {
        waiting: waiting - 1,
        partitions: this.#status.partitions + 1,
        bytesBefore: this.#status.bytesBefore + bytesBefore,
        bytesAfter: this.#status.bytesAfter + bytes,
        seconds: this.#status.seconds + seconds,
      }
      logger.info({ partition, bytesBefore, bytes, seconds }, `made a partition ${format}`)
    } catch (error) {
      // Retention has dropped the partition meanwhile.
      if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error
    }
    return true
  }
}
