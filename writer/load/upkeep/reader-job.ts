/**
 * Works for readers, in the background and on a connection of its own: notes the counters of streams,
 * builds the indexes of closed partitions, and compresses old ones. Nothing waits for it.
 */

import type { Logger } from '../../../shared/logger.ts'
import { RepeatedJob } from '../database/repeated-job.ts'
import { Session } from '../database/session.ts'
import { describeError } from '../database/sql-state.ts'
import type { FlowStore } from '../stores/flow-store.ts'
import { noteStreamHistory } from '../tables/stream-history.ts'
import { buildIndexes, type IndexAddresses, prepareForIndexes } from './address-indexes.ts'
import { History, type HistoryStatus } from './history.ts'

const INTERVAL_MS = 60_000

export interface ReaderJobOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  readonly store: FlowStore
  readonly indexAddresses: IndexAddresses
  /** How long a partition is closed until it is compressed; 0: never. */
  readonly columnarAfterDays: number
  readonly logger: Logger
}

export class ReaderJob {
  readonly #options: ReaderJobOptions
  readonly #session: Session
  readonly #history: History
  readonly #job = new RepeatedJob(() => this.#work())

  constructor(options: ReaderJobOptions) {
    this.#options = options
    const { databaseUrl, store, columnarAfterDays: afterDays, logger } = options
    this.#history = new History({ store, afterDays, logger, signal: this.#job.signal })
    this.#session = new Session({ databaseUrl, isPatient: true, onConnect: prepareForIndexes })
  }

  get historyStatus(): HistoryStatus {
    return this.#history.status
  }

  /** Begins to work, the first time soon. May be called twice. */
  start(): void {
    this.#job.start()
  }

  /** Returns how long to wait then, in milliseconds. */
  async #work(): Promise<number> {
    const { indexAddresses: mode, store, logger } = this.#options
    const { signal } = this.#job
    const { indexing } = store
    await this.#attempt('the counters of streams could not be noted', noteStreamHistory)
    if (indexing !== undefined) {
      await this.#attempt('an index could not be built on a closed partition', (client) =>
        buildIndexes(client, { indexing, mode, logger, signal }),
      )
    }
    await this.#attempt(`a partition could not be made ${store.compression.format}`, (client) =>
      this.#history.compress(client),
    )
    return INTERVAL_MS
  }

  async #attempt(failure: string, action: Parameters<Session['use']>[0]): Promise<void> {
    try {
      await this.#session.use(action)
    } catch (error) {
      if (this.#job.signal.aborted) return
      this.#options.logger.warn(describeError(error), `${failure}; trying again within a minute`)
    }
  }

  /** Closes the connection at once; an index that is being built is built anew. May be called twice. */
  async stop(): Promise<void> {
    this.#job.stop()
    await this.#session.stop()
  }
}
