/**
 * Looks after the partitions of `flows`: creates them ahead of time, and drops old ones.
 * Each of the two has a connection of its own, so a long wait for a reader never stops loading.
 */

import type { Logger } from '../../../shared/logger.ts'
import { BackOff } from '../database/back-off.ts'
import type { Session } from '../database/session.ts'
import { describeError } from '../database/sql-state.ts'
import type { FlowStore } from '../stores/flow-store.ts'
import type { ArchiveGuard } from './archive-guard.ts'
import { Retention } from './retention.ts'

const INTERVAL_MS = 600_000
/** After a failure it works again sooner. */
const RETRY_MS = 60_000

interface HousekeepingOptions {
  /** Creates partitions: short work. */
  readonly session: Session
  /** Drops partitions, and waits for readers meanwhile. */
  readonly retentionSession: Session
  readonly store: FlowStore
  /** 0 keeps all. */
  readonly retentionDays: number
  /** 0: no limit. */
  readonly retentionBytes: number
  /** Makes the rollups of flows before this time final. */
  readonly settle: (timeMs: number) => Promise<void>
  readonly archive: ArchiveGuard
  readonly logger: Logger
}

export class Housekeeping {
  readonly #options: HousekeepingOptions
  readonly #retention: Retention
  readonly #backOff = new BackOff({ firstMs: RETRY_MS, longestMs: RETRY_MS })
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
    const { retentionDays: days, retentionBytes: bytes, settle, archive, logger } = options
    const { disposal } = options.store
    this.#retention = new Retention({ disposal, days, bytes, settle, archive, logger })
  }

  /** Creates the partitions of now and next; the rest follows in the background, periodically. */
  async start(): Promise<void> {
    if (this.#timer || this.#isStopped) return
    await this.#createPartitions()
    this.#repeat(0)
  }

  #repeat(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      void this.#work().then((isDone) =>
        this.#repeat(isDone ? INTERVAL_MS : this.#backOff.nextMs()),
      )
    }, delayMs)
  }

  /** Returns whether all was done. */
  async #work(): Promise<boolean> {
    const hasPartitions = await this.#createPartitions()
    const hasDropped = await this.#dropOld()
    return hasPartitions && hasDropped
  }

  #createPartitions(): Promise<boolean> {
    const { session, store, logger } = this.#options
    return this.#attempt('partitions could not be made ahead of time', async () => {
      const created = await session.use((client) => store.targets.ensureAhead(client, Date.now()))
      if (created.length > 0) logger.info({ partitions: created }, 'made partitions ahead of time')
      return true
    })
  }

  #dropOld(): Promise<boolean> {
    const { retentionSession, retentionDays, retentionBytes } = this.#options
    return this.#attempt('old partitions could not be dropped', async () => {
      if (retentionDays === 0 && retentionBytes === 0) return true
      return await retentionSession.use((client) => this.#retention.apply(client, Date.now()))
    })
  }

  /** Returns what `action` returns, or false when it fails. */
  async #attempt(failure: string, action: () => Promise<boolean>): Promise<boolean> {
    try {
      return await action()
    } catch (error) {
      if (!this.#isStopped) {
        this.#options.logger.warn(describeError(error), `${failure}; trying again within a minute`)
      }
      return false
    }
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }
}
