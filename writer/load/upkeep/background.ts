/** All that works beside the lanes on the table of flows, on connections of its own. */

import type { Logger } from '../../../shared/logger.ts'
import { Session } from '../database/session.ts'
import type { FlowStore } from '../stores/flow-store.ts'
import type { IndexAddresses } from './address-indexes.ts'
import type { ArchiveGuard } from './archive-guard.ts'
import type { HistoryStatus } from './history.ts'
import { Housekeeping } from './housekeeping.ts'
import { Upkeep } from './upkeep.ts'

interface BackgroundOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  readonly store: FlowStore
  /** For short work. */
  readonly session: Session
  /** 0 keeps all. */
  readonly retentionDays: number
  /** 0: no limit. */
  readonly retentionBytes: number
  readonly archive: ArchiveGuard
  readonly indexAddresses: IndexAddresses
  /** How long a partition is closed until it is compressed; 0: never. */
  readonly columnarAfterDays: number
  /** Makes the rollups of flows before this time final. */
  readonly settle: (timeMs: number) => Promise<void>
  readonly logger: Logger
}

export class Background {
  readonly #retentionSession: Session
  readonly #housekeeping: Housekeeping
  readonly #upkeep: Upkeep

  constructor(options: BackgroundOptions) {
    this.#retentionSession = new Session({ databaseUrl: options.databaseUrl })
    this.#housekeeping = new Housekeeping({ ...options, retentionSession: this.#retentionSession })
    this.#upkeep = new Upkeep(options)
  }

  get historyStatus(): HistoryStatus {
    return this.#upkeep.historyStatus
  }

  /** Makes the partitions of now and next; the rest follows by itself, periodically. */
  async start(): Promise<void> {
    await this.#housekeeping.start()
    this.#upkeep.start()
  }

  /** Closes the connections at once. May be called twice. */
  async stop(): Promise<void> {
    this.#housekeeping.stop()
    await Promise.all([this.#retentionSession.stop(), this.#upkeep.stop()])
  }
}
