/**
 * Works for those who ask, in the background and on a connection of its own: notes the counters of
 * streams, builds the indexes of closed partitions, and compresses old ones. Nothing waits for it.
 */

import type { Logger } from '../../../shared/logger.ts'
import { Session } from '../database/session.ts'
import { describeError } from '../database/sql-state.ts'
import type { FlowStore } from '../stores/flow-store.ts'
import { noteStreamHistory } from '../tables/stream-history.ts'
import { buildIndexes, type IndexAddresses, prepareForIndexes } from './address-indexes.ts'
import { History, type HistoryStatus } from './history.ts'

const INTERVAL_MS = 60_000

interface UpkeepOptions {
  readonly databaseUrl: string
  readonly store: FlowStore
  readonly indexAddresses: IndexAddresses
  /** 0: partitions stay as they are. */
  readonly columnarAfterDays: number
  readonly logger: Logger
}

export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #session: Session
  readonly #history: History
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(options: UpkeepOptions) {
    this.#options = options
    const { databaseUrl, store, columnarAfterDays: afterDays, logger } = options
    const { signal } = this.#abort
    this.#history = new History({ compression: store.compression, afterDays, logger, signal })
    this.#session = new Session({ databaseUrl, isPatient: true, onConnect: prepareForIndexes })
  }

  get historyStatus(): HistoryStatus {
    return this.#history.status
  }

  /** Begins to work periodically, the first time soon. May be called twice. */
  start(): void {
    if (this.#timer || this.#abort.signal.aborted) return
    this.#repeat(0)
  }

  #repeat(delayMs: number): void {
    this.#timer = setTimeout(() => {
      void this.#work().finally(() => {
        if (!this.#abort.signal.aborted) this.#repeat(INTERVAL_MS)
      })
    }, delayMs)
  }

  async #work(): Promise<void> {
    const { indexAddresses: mode, store, logger } = this.#options
    const { signal } = this.#abort
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
  }

  async #attempt(failure: string, action: Parameters<Session['use']>[0]): Promise<void> {
    try {
      await this.#session.use(action)
    } catch (error) {
      if (this.#abort.signal.aborted) return
      this.#options.logger.warn(describeError(error), `${failure}; trying again within a minute`)
    }
  }

  /** Closes the connection at once; an index that is being built is built anew. May be called twice. */
  async stop(): Promise<void> {
    this.#abort.abort()
    clearTimeout(this.#timer)
    await this.#session.stop()
  }
}
