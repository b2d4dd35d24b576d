/**
 * The store that a database has at the moment: `flows` may be converted while the writer runs. Its kind
 * is looked up again after each failure of a lane, and whenever partitions are made ahead of time.
 */

import type pg from 'pg'
import { type Logger, START_LEVEL } from '../../../shared/logger.ts'
import { citusStore } from './citus-store.ts'
import type {
  Compression,
  CopyTargets,
  Disposal,
  FlowStore,
  Indexing,
  StoreKind,
} from './flow-store.ts'
import { hypertableStore } from './hypertable-store.ts'
import { partitionedStore } from './partitioned-store.ts'
import type { PartitionInterval } from './partitions.ts'
import { findKind } from './store-kind.ts'

const TEXTS: Readonly<Record<StoreKind, string>> = {
  partitioned: 'flows is a partitioned table',
  citus: 'flows is distributed over the nodes of a Citus cluster',
  hypertable: 'flows is a hypertable of TimescaleDB',
}

interface StoreOptions {
  readonly partitionInterval: PartitionInterval
  readonly logger: Logger
}

/**
 * Finds the store, and logs what it is; also later, when `flows` has become something else.
 *
 * @throws DatabaseError when `flows` is a table that the writer cannot use
 */
export async function openStore(client: pg.Client, options: StoreOptions): Promise<FlowStore> {
  const store = await findStore(client, options.partitionInterval)
  const { kind } = store
  // Most tables are partitioned.
  options.logger[kind === 'partitioned' ? START_LEVEL : 'info']({ store: kind }, TEXTS[kind])
  return new LiveStore(store, options)
}

/** @throws DatabaseError when `flows` is a table that the writer cannot use */
export async function findStore(
  client: pg.Client,
  interval: PartitionInterval,
): Promise<FlowStore> {
  switch (await findKind(client)) {
    case 'partitioned':
      return partitionedStore(interval)
    case 'citus':
      return await citusStore(client, interval)
    case 'hypertable':
      return hypertableStore(interval)
  }
}

class LiveStore implements FlowStore {
  readonly targets: CopyTargets
  readonly #options: StoreOptions
  #store: FlowStore
  #isInDoubt = false

  /** @param found what `flows` is at first */
  constructor(found: FlowStore, options: StoreOptions) {
    this.#store = found
    this.#options = options
    this.targets = this.#followTargets()
  }

  get kind(): StoreKind {
    return this.#store.kind
  }

  get disposal(): Disposal {
    return this.#store.disposal
  }

  get compression(): Compression {
    return this.#store.compression
  }

  get indexing(): Indexing | undefined {
    return this.#store.indexing
  }

  async #lookAgain(client: pg.Client): Promise<void> {
    const { partitionInterval, logger } = this.#options
    const found = await findStore(client, partitionInterval)
    this.#isInDoubt = false
    if (found.kind === this.#store.kind) return
    this.#store = found
    logger.info({ store: found.kind }, TEXTS[found.kind])
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
}
