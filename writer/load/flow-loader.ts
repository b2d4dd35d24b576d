/**
 * Loads batches over several connections, committed in the order in which they were submitted, so
 * that the database always holds a prefix of the stream with the state that belongs to it.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Libc } from '../../shared/libc.ts'
import type { Logger } from '../../shared/logger.ts'
import type { CopyBatch } from './copy/copy-batch.ts'
import { CopyLane } from './copy-lane.ts'
import { DatabaseError } from './database/connection.ts'
import { migrateDatabase } from './database/migrate.ts'
import { OutageLog } from './database/outage-log.ts'
import { Session } from './database/session.ts'
import { describeError, type SqlError } from './database/sql-state.ts'
import { Housekeeping } from './partitions/housekeeping.ts'
import { type PartitionInterval, Partitions } from './partitions/partitions.ts'
import { type ExporterRow, readExporterRows } from './tables/exporters.ts'
import {
  type JournalPosition,
  lockJournal,
  openJournalPosition,
} from './tables/journal-positions.ts'
import { type ResumePoint, readResumePoint } from './tables/resume-point.ts'

const RETRY_MS = 1_000
/** A writer that was killed leaves its lock until the server notices. */
const LOCK_ATTEMPTS = 15

export interface FlowLoaderOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  /** Makes COPY faster by a Unix socket. */
  readonly libc?: Libc | undefined
  readonly lanes: number
  readonly partitionInterval: PartitionInterval
  /** 0 keeps all. */
  readonly retentionDays: number
  /** How many streams are read back at start. */
  readonly maxStreams: number
  /** Names the stream of bytes whose position is kept. */
  readonly journalId: string
  /** The database that this journal was loaded into before; undefined for a new journal. */
  readonly journalDatabase: string | undefined
  readonly logger: Logger
  /** Called when a batch is committed and may be reset and filled again. */
  readonly onReleased: (batch: CopyBatch) => void
  /** Called when a batch can never be loaded: the process must stop. */
  readonly onFatal: (error: unknown) => void
}

export class FlowLoader {
  readonly #options: FlowLoaderOptions
  readonly #abort = new AbortController()
  readonly #outage: OutageLog
  readonly #partitions: Partitions
  /** Holds the lock on the journal while it is open. */
  readonly #session: Session
  readonly #retentionSession: Session
  readonly #housekeeping: Housekeeping
  readonly #lanes: readonly CopyLane[]
  /** By lane: when its last batch is in. */
  readonly #laneFree: Promise<void>[]
  #lastCommit: Promise<void> = Promise.resolve()
  #submitted = 0
  /** Where the database will be when all that was submitted is committed. */
  #position: JournalPosition = { position: 0, batches: 0 }
  #exporters: Promise<readonly ExporterRow[]> | undefined
  /** Since when the exporters could not be read. */
  #silentSince: number | undefined

  constructor(options: FlowLoaderOptions) {
    this.#options = options
    const { databaseUrl, logger, retentionDays } = options
    this.#outage = new OutageLog(logger)
    this.#partitions = new Partitions(options.partitionInterval)
    this.#session = new Session({ databaseUrl, onConnect: (client) => this.#lock(client) })
    this.#retentionSession = new Session({ databaseUrl })
    this.#housekeeping = new Housekeeping({
      session: this.#session,
      retentionSession: this.#retentionSession,
      partitions: this.#partitions,
      retentionDays,
      logger,
    })
    this.#lanes = Array.from({ length: options.lanes }, () => this.#createLane())
    this.#laneFree = this.#lanes.map(() => Promise.resolve())
  }

  #createLane(): CopyLane {
    const { databaseUrl, libc, logger } = this.#options
    return new CopyLane({
      databaseUrl,
      libc,
      partitions: this.#partitions,
      outage: this.#outage,
      logger,
      signal: this.#abort.signal,
    })
  }

  /**
   * Since when nothing could be committed, or not even asked (`performance.now()`); undefined while
   * all is well.
   */
  get awaySince(): number | undefined {
    return this.#outage.since ?? this.#silentSince
  }

  /**
   * Waits for the database as long as it takes, migrates it, and reads the state.
   *
   * @returns undefined when it was stopped while it waited
   * @throws DatabaseError when waiting does not help: wrong login, rights, or a second writer
   */
  async start(): Promise<ResumePoint | undefined> {
    const { databaseUrl, journalId, journalDatabase, maxStreams, logger } = this.#options
    try {
      await this.#persist(() => migrateDatabase(databaseUrl, logger))
      const state = await this.#persist(() =>
        this.#session.use(async (client) => {
          this.#position = await openJournalPosition(client, journalId, journalDatabase)
          const { position } = this.#position
          return { position, ...(await readResumePoint(client, { journalId, maxStreams })) }
        }),
      )
      await this.#housekeeping.start()
      return state
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined
      throw error
    }
  }

  /** Reads all exporters, to see which ones an operator has switched; rejects during an outage. */
  readExporters(): Promise<readonly ExporterRow[]> {
    // A slow answer is shared by those who ask meanwhile, or they would queue up.
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
      // While nobody exports anything, this is how it shows that the database is away.
      this.#silentSince ??= askedAt
      throw error
    }
  }

  /** Takes a batch; it must not be touched until it is released. */
  submit(batch: CopyBatch): void {
    const { journalId, onReleased, onFatal } = this.#options
    const from = this.#position
    this.#position = { position: batch.journalTo, batches: from.batches + 1 }
    const job = { batch, step: { journalId, from, to: batch.journalTo }, turn: this.#lastCommit }
    const lane = this.#submitted % this.#lanes.length
    this.#submitted += 1
    const free = this.#laneFree[lane] as Promise<void>
    const committed = free.then(() => (this.#lanes[lane] as CopyLane).load(job))
    this.#laneFree[lane] = committed
    this.#lastCommit = committed
    committed.then(
      () => onReleased(batch),
      (error: unknown) => {
        if (!this.#abort.signal.aborted) onFatal(error)
      },
    )
  }

  /** Waits until everything that was submitted is committed. */
  drain(): Promise<void> {
    return this.#lastCommit
  }

  /** Closes the connections; what is not committed is given up. May be called twice. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#housekeeping.stop()
    await Promise.all([
      ...this.#lanes.map((lane) => lane.stop()),
      this.#session.stop(),
      this.#retentionSession.stop(),
    ])
  }

  /** Tries until it works, or cannot work. */
  async #persist<Result>(action: () => Promise<Result>): Promise<Result> {
    const { signal } = this.#abort
    for (let busy = 0; ; ) {
      signal.throwIfAborted()
      try {
        const result = await action()
        this.#outage.succeeded(performance.now())
        return result
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof JournalBusyError) {
          busy += 1
          if (busy >= LOCK_ATTEMPTS) throw error
        } else {
          this.#judgeAtStart(error)
        }
        await sleep(RETRY_MS, undefined, { signal })
      }
    }
  }

  #judgeAtStart(error: unknown): void {
    if (error instanceof DatabaseError) throw error
    const described = describeError(error)
    if (described.kind !== 'retry') throw new DatabaseError(adviseOn(described), error)
    this.#outage.failed(performance.now(), described)
  }

  async #lock(client: Parameters<typeof lockJournal>[0]): Promise<void> {
    const { journalId } = this.#options
    if (!(await lockJournal(client, journalId))) throw new JournalBusyError(journalId)
  }
}

/** Another session holds the journal: another writer, or one that was killed just now. */
class JournalBusyError extends DatabaseError {
  constructor(journalId: string) {
    super(
      `another writer is using journal ${journalId}: stop it, or give this one its own JOURNAL_DIR`,
    )
  }
}

function adviseOn({ condition, message, sqlState }: SqlError): string {
  const detail = sqlState === '' ? message : `${sqlState}: ${message}`
  return (
    `the database cannot be used: ${condition} (${detail}); ` +
    'check DATABASE_URL, and that the role owns the tables or the database'
  )
}
