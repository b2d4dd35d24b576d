/**
 * The store that a database has at the moment: `flows` may be converted while the writer runs. It looks
 * again after each failure of a lane, and whenever partitions are made ahead of time.
 */

import type pg from 'pg'
import { type Logger, START_LEVEL } from '../../../shared/logger.ts'
import { findStore } from './find-store.ts'
import type {
  Compression,
  CopyTargets,
  Disposal,
  FlowStore,
  Indexing,
  StoreKind,
} from './flow-store.ts'
import type { PartitionInterval } from './partitions.ts'

const TEXTS: Readonly<Record<StoreKind, string>> = {
  partitioned: 'flows is a partitioned table',
  citus: 'flows is distributed over the nodes of a Citus cluster',
  hypertable: 'flows is a hypertable of TimescaleDB',
}

/**
 * Finds the store, and tells the log; also later, when `flows` has become something else.
 *
 * @throws DatabaseError when `flows` is a table that the writer cannot use
 */
export async function openStore(
  client: pg.Client,
  options: { readonly partitionInterval: PartitionInterval; readonly logger: Logger },
): Promise<FlowStore> {
  const look: LookForStore = (asked) => findStore(asked, options.partitionInterval)
  const { logger } = options
  const store = await look(client)
  const { kind } = store
  // Most tables are partitioned.
  logger[kind === 'partitioned' ? START_LEVEL : 'info']({ store: kind }, TEXTS[kind])
  return new LiveStore(store, look, (other) => logger.info({ store: other }, TEXTS[other]))
}

/** Looks what `flows` is. */
type LookForStore = (client: pg.Client) => Promise<FlowStore>

class LiveStore implements FlowStore {
  readonly targets: CopyTargets
  readonly disposal: Disposal
  readonly compression: Compression
  readonly #look: LookForStore
  readonly #onChange: (kind: StoreKind) => void
  #store: FlowStore
  #isInDoubt = false

  /**
   * @param store what was found last
   * @param onChange called when `flows` has become something else
   */
  constructor(store: FlowStore, look: LookForStore, onChange: (kind: StoreKind) => void) {
    this.#store = store
    this.#look = look
    this.#onChange = onChange
    this.targets = this.#followTargets()
    this.disposal = this.#followDisposal()
    this.compression = this.#followCompression()
  }

  get kind(): StoreKind {
    return this.#store.kind
  }

  get indexing(): Indexing | undefined {
    return this.#store.indexing
  }

  async #lookAgain(client: pg.Client): Promise<void> {
    const found = await this.#look(client)
    this.#isInDoubt = false
    if (found.kind === this.#store.kind) return
    this.#store = found
    this.#onChange(found.kind)
  }

  #followTargets(): CopyTargets {
    const targets = () => this.#store.targets
    return {
      ensure: async (client, hours) => {
        if (this.#isInDoubt) await this.#lookAgain(client)
        return await targets().ensure(client, hours)
      },
      ensureAhead: async (client, nowMs) => {
        await this.#lookAgain(client)
        return await targets().ensureAhead(client, nowMs)
      },
      find: (hours) => targets().find(hours),
      avoid: () => targets().avoid(),
      forget: () => {
        this.#isInDoubt = true
        targets().forget()
      },
    }
  }

  #followDisposal(): Disposal {
    const disposal = () => this.#store.disposal
    return {
      list: (client) => disposal().list(client),
      readBytes: (client) => disposal().readBytes(client),
      rowsOf: (partition) => disposal().rowsOf(partition),
      drop: (client, partition, other) => disposal().drop(client, partition, other),
      listUnfinished: (client) => disposal().listUnfinished(client),
      finish: (client, unfinished) => disposal().finish(client, unfinished),
      isBlocked: (client) => disposal().isBlocked(client),
    }
  }

  #followCompression(): Compression {
    const compression = () => this.#store.compression
    return {
      get format() {
        return compression().format
      },
      findObstacle: (client) => compression().findObstacle(client),
      findNext: (client, afterDays) => compression().findNext(client, afterDays),
      compress: (client, name) => compression().compress(client, name),
    }
  }
}
