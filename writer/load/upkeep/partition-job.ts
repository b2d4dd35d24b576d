/**
 * Creates the partitions of `flows` ahead of time, and drops old ones, in the background.
 * Each of the two has a connection of its own, so a long wait for a reader never stops loading.
 */

import type { Logger } from '../../../shared/logger.ts'
import { BackOff } from '../database/back-off.ts'
import { RepeatedJob } from '../database/repeated-job.ts'
import { Session } from '../database/session.ts'
import { describeError } from '../database/sql-state.ts'
import type { FlowStore } from '../stores/flow-store.ts'
import type { ArchiveGuard } from './archive-guard.ts'
import { Retention } from './retention.ts'

const INTERVAL_MS = 600_000
/** After a failure it works again sooner. */
const RETRY_MS = 60_000

export interface PartitionJobOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  readonly store: FlowStore
  /** Creates partitions: short work. */
  readonly session: Session
  /** 0 keeps all. */
  readonly retentionDays: number
  /** 0: no limit. */
  readonly retentionBytes: number
  /** Makes the rollups of flows before this time final. */
  readonly settle: (timeMs: number) => Promise<void>
  readonly archive: ArchiveGuard
  readonly logger: Logger
}

export class PartitionJob {
  readonly #options: PartitionJobOptions
  readonly #retention: Retention
  /** Drops partitions, and waits for readers meanwhile. */
  readonly #retentionSession: Session
  readonly #backOff = new BackOff({ firstMs: RETRY_MS, longestMs: RETRY_MS })
  readonly #job = new RepeatedJob(() => this.#work())

  constructor(options: PartitionJobOptions) {
    this.#options = options
    const { databaseUrl, store, settle, archive, logger } = options
    const { retentionDays: days, retentionBytes: bytes } = options
    this.#retention = new Retention({ store, days, bytes, settle, archive, logger })
    this.#retentionSession = new Session({ databaseUrl })
  }

  /** Creates the partitions of now and next; the rest follows in the background. */
  async start(): Promise<void> {
    await this.#createPartitions()
    this.#job.start()
  }

  /** Returns how long to wait then, in milliseconds. */
  async #work(): Promise<number> {
    const hasPartitions = await this.#createPartitions()
    const hasDropped = await this.#dropOld()
    return hasPartitions && hasDropped ? INTERVAL_MS : this.#backOff.nextMs()
  }

  /** Returns whether all was done. */
  #createPartitions(): Promise<boolean> {
    const { session, store, logger } = this.#options
    return this.#attempt('partitions could not be made ahead of time', async () => {
      const created = await session.use((client) => store.targets.ensureAhead(client, Date.now()))
      if (created.length > 0) logger.info({ partitions: created }, 'made partitions ahead of time')
      return true
    })
  }

  /** Returns whether all was done. */
  #dropOld(): Promise<boolean> {
    const { retentionDays, retentionBytes } = this.#options
    return this.#attempt('old partitions could not be dropped', async () => {
      if (retentionDays === 0 && retentionBytes === 0) return true
      return await this.#retentionSession.use((client) => this.#retention.apply(client, Date.now()))
    })
  }

  /** Returns what `action` returns, or false when it fails. */
  async #attempt(failure: string, action: () => Promise<boolean>): Promise<boolean> {
    try {
      return await action()
    } catch (error) {
      if (!this.#job.signal.aborted) {
        this.#options.logger.warn(describeError(error), `${failure}; trying again within a minute`)
      }
      return false
    }
  }

  /** Closes its connection at once. May be called twice. */
  async stop(): Promise<void> {
    this.#job.stop()
    await this.#retentionSession.stop()
  }
}
