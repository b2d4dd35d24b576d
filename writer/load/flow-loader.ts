/**
 * Loads batches over several connections, committed in the order in which they were submitted, so
 * that the database always holds a prefix of the stream with the state that belongs to it.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from '../../shared/logger.ts'
import type { CopyBatch } from './copy-batch.ts'
import { CopyLane } from './copy-lane.ts'
import { DatabaseError } from './database.ts'
import { type ExporterRow, Housekeeping } from './housekeeping.ts'
import { migrateDatabase } from './migrate.ts'
import { OutageLog } from './outage-log.ts'
import { type PartitionInterval, Partitions } from './partitions.ts'
import { describeError } from './sql-state.ts'

const RETRY_MS = 1_000
/** A writer that was killed leaves its lock until the server notices. */
const LOCK_ATTEMPTS = 15

export interface FlowLoaderOptions {
  readonly databaseUrl: string
  readonly lanes: number
  readonly partitionInterval: PartitionInterval
  readonly retentionDays: number
  /** Names the stream of bytes whose position is kept. */
  readonly journalId: string
  readonly logger: Logger
  /** Called when a batch is committed and may be reset and filled again. */
  readonly onReleased: (batch: CopyBatch) => void
  /** Called when a batch can never be loaded: the process must stop. */
  readonly onFatal: (error: unknown) => void
}

/** A row of `exporter_streams`, as far as the writer goes on from it. */
export interface StreamRow {
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
  readonly sequenceState: unknown
}

/** What the database knows, for the writer to go on from. */
export interface LoaderState {
  readonly position: number
  readonly exporters: readonly ExporterRow[]
  readonly streams: readonly StreamRow[]
}

export class FlowLoader {
  readonly #options: FlowLoaderOptions
  readonly #abort = new AbortController()
  readonly #outage: OutageLog
  readonly #housekeeping: Housekeeping
  readonly #lanes: readonly CopyLane[]
  /** By lane: when its last batch is in. */
  readonly #laneFree: Promise<void>[]
  #lastCommit: Promise<void> = Promise.resolve()
  #submitted = 0
  #position = 0

  constructor(options: FlowLoaderOptions) {
    this.#options = options
    const { databaseUrl, journalId, logger, lanes, retentionDays, partitionInterval } = options
    const partitions = new Partitions(partitionInterval)
    const outage = new OutageLog(logger)
    const { signal } = this.#abort
    this.#outage = outage
    this.#housekeeping = new Housekeeping({ databaseUrl, partitions, retentionDays, logger })
    this.#lanes = Array.from(
      { length: lanes },
      () => new CopyLane({ databaseUrl, journalId, partitions, outage, logger, signal }),
    )
    this.#laneFree = this.#lanes.map(() => Promise.resolve())
  }

  /** Since when nothing could be committed (`performance.now()`); undefined while all is well. */
  get awaySince(): number | undefined {
    return this.#outage.since
  }

  /**
   * Waits for the database as long as it takes, migrates it, and reads the state.
   *
   * @throws DatabaseError when waiting does not help: wrong login, rights, or a second writer
   */
  async start(): Promise<LoaderState> {
    const { databaseUrl, logger } = this.#options
    await this.#persist(() => migrateDatabase(databaseUrl, logger))
    await this.#persist(() => this.#lockJournal())
    const state = await this.#persist(() =>
      this.#housekeeping.use((client) => readState(client, this.#options.journalId)),
    )
    this.#position = state.position
    await this.#housekeeping.start()
    return state
  }

  /** Reads all exporters, to see which ones an operator has switched. */
  readExporters(): Promise<readonly ExporterRow[]> {
    return this.#housekeeping.readExporters()
  }

  /** Takes a batch; it must not be touched until it is released. */
  submit(batch: CopyBatch): void {
    batch.journalFrom = this.#position
    this.#position = batch.journalTo
    const lane = this.#submitted % this.#lanes.length
    this.#submitted += 1
    const turn = this.#lastCommit
    const free = this.#laneFree[lane] as Promise<void>
    const committed = free.then(() => (this.#lanes[lane] as CopyLane).load(batch, turn))
    this.#laneFree[lane] = committed
    this.#lastCommit = committed
    committed.then(
      () => this.#options.onReleased(batch),
      (error: unknown) => {
        if (!this.#abort.signal.aborted) this.#options.onFatal(error)
      },
    )
  }

  /** Waits until everything that was submitted is committed. */
  drain(): Promise<void> {
    return this.#lastCommit
  }

  /** Closes the connections; what is not committed is given up. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await Promise.all(this.#lanes.map((lane) => lane.stop()))
    await this.#housekeeping.stop()
  }

  /** Tries until it works, or cannot work. */
  async #persist<Result>(action: () => Promise<Result>): Promise<Result> {
    const { signal } = this.#abort
    for (;;) {
      signal.throwIfAborted()
      try {
        const result = await action()
        this.#outage.succeeded(performance.now())
        return result
      } catch (error) {
        if (error instanceof DatabaseError) throw error
        const described = describeError(error)
        if (described.kind !== 'retry') throw new DatabaseError(adviseOn(described), error)
        this.#outage.failed(performance.now(), described)
        await sleep(RETRY_MS, undefined, { signal })
      }
    }
  }

  async #lockJournal(): Promise<void> {
    const { journalId } = this.#options
    for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
      const isLocked = await this.#housekeeping.use(async (client) => {
        const { rows } = await client.query<{ locked: boolean }>(
          `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`,
          [`netflow journal ${journalId}`],
        )
        return rows[0]?.locked === true
      })
      if (isLocked) return
      await sleep(RETRY_MS, undefined, { signal: this.#abort.signal })
    }
    throw new DatabaseError(
      `another writer is using journal ${journalId}: stop it, or give this one its own JOURNAL_DIR`,
    )
  }
}

function adviseOn({ condition, message, sqlState }: ReturnType<typeof describeError>): string {
  return (
    `the database cannot be used: ${condition} (${sqlState}: ${message}); ` +
    'check DATABASE_URL, and that the role owns the tables or the database'
  )
}

async function readState(client: pg.Client, journalId: string): Promise<LoaderState> {
  await client.query(
    'insert into journal_positions (journal, position) values ($1, 0) on conflict do nothing',
    [journalId],
  )
  const positions = await client.query<{ position: string }>(
    'select position from journal_positions where journal = $1',
    [journalId],
  )
  const exporters = await client.query<ExporterRow>(
    `select host(address) as address, enabled,
       (extract(epoch from first_seen) * 1000000)::float8 as "firstSeenMicros",
       (extract(epoch from last_seen) * 1000000)::float8 as "lastSeenMicros"
     from exporters`,
  )
  const streams = await client.query<StreamRow>(
    `select host(exporter) as exporter, export_version as "exportVersion",
       observation_domain::float8 as "observationDomain", sequence_state as "sequenceState"
     from exporter_streams`,
  )
  return {
    position: Number(positions.rows[0]?.position),
    exporters: exporters.rows,
    streams: streams.rows,
  }
}
