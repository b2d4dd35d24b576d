/**
 * What the database needs beside rows: partitions ahead of time, and old ones dropped. Each has a
 * connection of its own while it works, so that a long wait for a reader never stops loading.
 */

import type { Logger } from '../../../shared/logger.ts'
import type { Session } from '../database/session.ts'
import { describeError } from '../database/sql-state.ts'
import type { Partitions } from './partitions.ts'
import { applyRetention } from './retention.ts'

const INTERVAL_MS = 600_000
/** After a failure it is tried again sooner. */
const RETRY_MS = 60_000

export interface HousekeepingOptions {
  /** For partitions; quick work. */
  readonly session: Session
  /** For dropping, which waits for readers. */
  readonly retentionSession: Session
  readonly partitions: Partitions
  readonly retentionDays: number
  readonly logger: Logger
}

export class Housekeeping {
  readonly #options: HousekeepingOptions
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  /** Makes the partitions of now and next; the rest follows in the background, again and again. */
  async start(): Promise<void> {
    if (this.#timer || this.#isStopped) return
    const hasPartitions = await this.#attempt('partitions could not be made ahead of time', () =>
      this.#makePartitions(),
    )
    this.#repeat(hasPartitions, 0)
  }

  #repeat(isFine: boolean, delayMs = isFine ? INTERVAL_MS : RETRY_MS): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      void this.#work().then((isDone) => this.#repeat(isDone))
    }, delayMs)
  }

  async #work(): Promise<boolean> {
    const hasPartitions = await this.#attempt('partitions could not be made ahead of time', () =>
      this.#makePartitions(),
    )
    const hasDropped = await this.#attempt('old partitions could not be dropped', () =>
      this.#dropOld(),
    )
    return hasPartitions && hasDropped
  }

  async #makePartitions(): Promise<void> {
    const { session, partitions, logger } = this.#options
    const made = await session.use((client) => partitions.ensureAhead(client, Date.now()))
    if (made.length > 0) logger.info({ partitions: made }, 'made partitions ahead of time')
  }

  async #dropOld(): Promise<void> {
    const { retentionSession, retentionDays, logger } = this.#options
    if (retentionDays === 0) return
    await retentionSession.use((client) =>
      applyRetention(client, Date.now(), { days: retentionDays, logger }),
    )
  }

  async #attempt(failure: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action()
      return true
    } catch (error) {
      if (!this.#isStopped) {
        this.#options.logger.warn(describeError(error), `${failure}; trying again in a minute`)
      }
      return false
    }
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }
}
