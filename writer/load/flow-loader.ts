/**
 * Loads batches over several connections and commits them in the order in which they were
 * submitted, so the database always holds a prefix of the stream with the state that belongs to it.
 */

import type pg from 'pg'
import type { Libc } from '../../shared/libc.ts'
import type { Logger } from '../../shared/logger.ts'
import type { CopyBatch } from './copy/copy-batch.ts'
import { CopyLane } from './copy-lane.ts'
import { adviseOn } from './database/advice.ts'
import { BackOff } from './database/back-off.ts'
import { DatabaseError } from './database/connection.ts'
import { OutageLog } from './database/outage-log.ts'
import { Session } from './database/session.ts'
import { describeError } from './database/sql-state.ts'
import { RollupJob, type RollupOptions, type RollupStatus } from './rollups/rollup-job.ts'
import { allUp, type FlowsStore, migrateDatabase } from './schema/migrate.ts'
import type { FlowStore, StoreKind } from './stores/flow-store.ts'
import { openStore } from './stores/live-store.ts'
import type { PartitionInterval } from './stores/partitions.ts'
import { type ExporterRow, readExporterRows } from './tables/exporters.ts'
import {
  type JournalPosition,
  lockJournal,
  openJournalPosition,
} from './tables/journal-positions.ts'
import { type ResumePoint, readResumePoint } from './tables/resume-point.ts'
import type { IndexAddresses } from './upkeep/address-indexes.ts'
import { ArchiveGuard } from './upkeep/archive-guard.ts'
import type { HistoryStatus } from './upkeep/history.ts'
import { Upkeep } from './upkeep/upkeep.ts'

const BACK_OFF = { firstMs: 500, longestMs: 2_000 }
/** A killed writer leaves its lock until the server notices. A start waits this long for it. */
const LOCK_PATIENCE_MS = 15_000

export interface FlowLoaderOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  /** Makes COPY over a Unix socket faster. */
  readonly libc?: Libc | undefined
  /** What an empty `flows` becomes; default: it stays as it is. */
  readonly flowsStore?: FlowsStore
  readonly lanes: number
  readonly partitionInterval: PartitionInterval
  /** 0 keeps all. */
  readonly retentionDays: number
  /** 0: no limit. */
  readonly retentionBytes: number
  /** Partitions wait for the archive there; empty or missing: they do not. */
  readonly archiveDir?: string
  /** Default `none`. */
  readonly indexAddresses?: IndexAddresses
  /** How long a partition is closed until it is compressed; default 0: never. */
  readonly columnarAfterDays?: number
  readonly rollups: RollupOptions
  /** How many streams a start reads back. */
  readonly maxStreams: number
  /** Names the journal, whose position the database keeps. */
  readonly journalId: string
  /** Position of its oldest byte: a database that does not know the journal begins there. */
  readonly journalStart: number
  /** The database that this journal was loaded into so far; undefined for a new journal. */
  readonly journalDatabase: string | undefined
  readonly logger: Logger
}

/** The loader was stopped before a batch was committed. The journal still holds its bytes. */
export class LoaderStoppedError extends Error {
  readonly code = 'LOADER_STOPPED'

  constructor() {
    super('the loader was stopped before the batch was committed')
    this.name = 'LoaderStoppedError'
  }
}

export class FlowLoader {
  readonly #options: FlowLoaderOptions
  readonly #abort = new AbortController()
  readonly #outage: OutageLog
  /** Holds the lock on the journal while it is open. */
  readonly #session: Session
  readonly #archive: ArchiveGuard
  readonly #rollups: RollupJob
  /** Undefined until `start` has found out what `flows` is. */
  #store: FlowStore | undefined
  #upkeep: Upkeep | undefined
  #lanes: readonly CopyLane[] = []
  #lastCommit: Promise<void> = Promise.resolve()
  #submitted = 0
  /** Batches that are submitted and not committed. */
  #inFlight = 0
  /** Where the database will be when every submitted batch is committed. */
  #position: JournalPosition = { position: 0, batches: 0 }
  #exporters: Promise<readonly ExporterRow[]> | undefined
  /** Since when reading the exporters has failed. */
  #silentSince: number | undefined

  constructor(options: FlowLoaderOptions) {
    this.#options = options
    const { databaseUrl, logger } = options
    this.#outage = new OutageLog(logger)
    this.#session = new Session({ databaseUrl, onConnect: (client) => this.#lock(client) })
    this.#archive = new ArchiveGuard(options.archiveDir ?? '')
    this.#rollups = new RollupJob({
      ...options.rollups,
      databaseUrl,
      logger,
      isBusy: () => this.#inFlight > options.lanes,
    })
  }

  /** Creates and starts all that works on the table of flows. */
  async #open(store: FlowStore): Promise<void> {
    const { databaseUrl, libc, lanes, logger } = this.#options
    const { indexAddresses = 'none', columnarAfterDays = 0 } = this.#options
    const { signal } = this.#abort
    const lane = { databaseUrl, libc, targets: store.targets, outage: this.#outage, logger, signal }
    signal.throwIfAborted()
    this.#store = store
    this.#lanes = Array.from({ length: lanes }, () => new CopyLane(lane))
    this.#upkeep = new Upkeep({
      ...this.#options,
      ...{ store, session: this.#session, archive: this.#archive },
      ...{ indexAddresses, columnarAfterDays },
      settle: (timeMs) => this.#rollups.settleBefore(timeMs),
    })
    await this.#upkeep.start()
    this.#rollups.start()
  }

  /**
   * Since when the database has answered neither commits nor questions (`performance.now()`);
   * undefined while all is well.
   */
  get awaySince(): number | undefined {
    return this.#outage.since ?? this.#silentSince
  }

  /** Why the database refuses the flows; undefined: it does not, or it is away. */
  get refusal(): string | undefined {
    return this.#outage.refusal
  }

  /** How many old partitions stay because they are not archived. */
  get waitingForArchive(): number {
    return this.#archive.waiting
  }

  /** What `flows` is; undefined until `start` has found out. */
  get storeKind(): StoreKind | undefined {
    return this.#store?.kind
  }

  /** The partitions compressed so far; undefined before the background work has begun. */
  get historyStatus(): HistoryStatus | undefined {
    return this.#upkeep?.historyStatus
  }

  /** How far the rollups are. */
  get rollupStatus(): RollupStatus {
    return this.#rollups.status
  }

  /**
   * Waits for the database as long as it takes, migrates it, and reads the state.
   *
   * @returns undefined when it was stopped while it waited
   * @throws DatabaseError when waiting cannot help: wrong login, missing rights, or a second writer
   */
  async start(): Promise<ResumePoint | undefined> {
    const { databaseUrl, flowsStore, journalId, maxStreams, logger } = this.#options
    try {
      await this.#persist(() => migrateDatabase(databaseUrl, logger, allUp(flowsStore)))
      const { store, state } = await this.#persist(() =>
        this.#session.use(async (client) => {
          const store = await openStore(client, this.#options)
          this.#position = await openJournalPosition(client, this.#options)
          const { position } = this.#position
          const resumed = await readResumePoint(client, { journalId, maxStreams })
          return { store, state: { position, ...resumed } }
        }),
      )
      await this.#open(store)
      return state
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined
      throw error
    }
  }

  /** Reads what operators have set for exporters; rejects during an outage. */
  readExporters(): Promise<readonly ExporterRow[]> {
    // All who ask meanwhile share a slow answer; else their questions would queue up.
    this.#exporters ??= this.#askExporters().finally(() => {
      this.#exporters = undefined
    })
    return this.#exporters
  }

  async #askExporters(): Promise<readonly ExporterRow[]> {
    const askedAt = performance.now()
    try {
      const rows = await this.#session.use(readExporterRows)
      this.#silentSince = undefined
      return rows
    } catch (error) {
      // While nobody exports anything, only this question shows that the database is away.
      this.#silentSince ??= askedAt
      throw error
    }
  }

  /**
   * Loads a batch after those that were submitted before. The batch must stay as it is meanwhile.
   *
   * @returns a promise that resolves when the batch is committed and may be filled again
   * @throws LoaderStoppedError when `stop` came first; anything else when the batch can never be
   *   loaded, nor any batch after it: the process must stop
   */
  async submit(batch: CopyBatch): Promise<void> {
    const { journalId } = this.#options
    const from = this.#position
    this.#position = { position: batch.journalTo, batches: from.batches + 1 }
    const job = { batch, step: { journalId, from, to: batch.journalTo }, turn: this.#lastCommit }
    const lane = this.#lanes[this.#submitted % this.#lanes.length] as CopyLane
    this.#submitted += 1
    this.#inFlight += 1
    this.#lastCommit = lane.load(job)
    try {
      await this.#lastCommit
    } catch (error) {
      throw this.#abort.signal.aborted ? this.#abort.signal.reason : error
    } finally {
      this.#inFlight -= 1
    }
  }

  /** Closes the connections and gives up what is not committed. May be called twice. */
  async stop(): Promise<void> {
    this.#abort.abort(new LoaderStoppedError())
    await Promise.all([
      ...this.#lanes.map((lane) => lane.stop()),
      this.#session.stop(),
      this.#upkeep?.stop(),
      this.#rollups.stop(),
    ])
  }

  /** Repeats an action until it succeeds, or waiting cannot help. */
  async #persist<Result>(action: () => Promise<Result>): Promise<Result> {
    const { signal } = this.#abort
    const backOff = new BackOff(BACK_OFF)
    let busySince: number | undefined
    for (;;) {
      signal.throwIfAborted()
      try {
        const result = await action()
        this.#outage.succeeded(performance.now())
        return result
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof JournalBusyError) {
          busySince ??= performance.now()
          if (performance.now() - busySince >= LOCK_PATIENCE_MS) throw error
        } else {
          this.#judgeAtStart(error)
        }
        await backOff.wait(signal)
      }
    }
  }

  #judgeAtStart(error: unknown): void {
    const advice = adviseOn(error)
    if (advice !== undefined) throw advice
    this.#outage.failed(performance.now(), describeError(error))
  }

  async #lock(client: pg.Client): Promise<void> {
    const { journalId } = this.#options
    if (!(await lockJournal(client, journalId))) throw new JournalBusyError(journalId)
  }
}

/** Another session holds the lock of the journal: a second writer, or one killed a moment ago. */
class JournalBusyError extends DatabaseError {
  constructor(id: string) {
    super(`another writer is using journal ${id}: stop it, or give this one its own JOURNAL_DIR`)
  }
}
