/**
 * Drops partitions older than RETENTION_DAYS, and the oldest ones while `flows` is larger than
 * RETENTION_BYTES: one at a time, while loading goes on. One that cannot be dropped stops no other.
 */

import type pg from 'pg'
import { LogThrottle } from '../../../shared/log-throttle.ts'
import type { Logger } from '../../../shared/logger.ts'
import { describeError } from '../database/sql-state.ts'
import {
  finishDropping,
  isDetaching,
  listUnfinished,
  PartitionInUseError,
} from '../stores/drop-partition.ts'
import type { FlowStore, Partition } from '../stores/flow-store.ts'
import { readAllBytes } from '../stores/partition-bytes.ts'
import { DAY_MS, isDefault } from '../stores/partitions.ts'
import { type ArchiveGuard, NotArchivedError } from './archive-guard.ts'
import { deleteOldRows } from './delete-rows.ts'
import { withTableLock } from './table-lock.ts'

/** Clocks that differ by more are not trusted: one of them would delete too much. */
const MAX_CLOCK_DIFFERENCE_MS = 3_600_000
/** How often the log repeats why something was not dropped. */
const REMIND_MS = 3_600_000
/** SQLSTATEs: no lock in time, and a deadlock. */
const BUSY = ['55P03', '40P01']

interface RetentionOptions {
  readonly store: Pick<FlowStore, 'disposal'>
  /** 0 keeps all. */
  readonly days: number
  /** Of all partitions with their indexes; 0: no limit. */
  readonly bytes: number
  /** Makes the rollups of flows before this time, in Unix milliseconds, final. */
  readonly settle?: (timeMs: number) => Promise<void>
  /** Keeps what is not archived; missing: nothing is archived. */
  readonly archive?: ArchiveGuard
  readonly logger: Logger
}

/** The partitions of `flows`, and which of them may go. */
interface Inventory {
  /** Without the default partition; the oldest first. */
  readonly partitions: readonly Partition[]
  /** The name of the default partition; undefined: there is none. */
  readonly defaultPartition: string | undefined
  /** Where the partition with the newest rows begins; nothing from here on may go. */
  readonly newestFrom: number
}

/** One run, on a connection that holds the lock. */
interface RetentionRun {
  readonly client: pg.Client
  readonly inventory: Inventory
  /** The older of both clocks, in Unix milliseconds. */
  readonly nowMs: number
}

export class Retention {
  readonly #options: RetentionOptions
  readonly #throttle = new LogThrottle(REMIND_MS)

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /**
   * Drops what may go. Does nothing while another writer does this.
   *
   * @param ownMs the clock of this host, in Unix milliseconds
   * @returns whether nothing is left to drop; the next call tries the rest again
   * @throws the database's error when the connection is of no use any more
   */
  async apply(client: pg.Client, ownMs: number): Promise<boolean> {
    const { days, bytes } = this.#options
    if (days === 0 && bytes === 0) return true
    const isDone = await withTableLock(client, 'drop', () => this.#applyLocked(client, ownMs))
    return isDone ?? true
  }

  async #applyLocked(client: pg.Client, ownMs: number): Promise<boolean> {
    const { days, bytes } = this.#options
    const serverMs = await readClock(client)
    const nowMs = Math.min(ownMs, serverMs)
    const oldestMs = nowMs - days * DAY_MS
    const isAgeKnown = days > 0 && this.#trustClocks(ownMs, serverMs)
    // The partitions first: a delete may take long, or fail.
    const results = [days === 0 || isAgeKnown, await this.#finish(client)]
    const run = async () => ({ client, nowMs, inventory: await this.#takeInventory(client) })
    if (isAgeKnown) results.push(await this.#dropOlder(await run(), oldestMs))
    if (bytes > 0) results.push(await this.#dropBeyond(await run(), bytes))
    if (isAgeKnown) results.push(await this.#deleteOlder(client, oldestMs))
    return !results.includes(false)
  }

  #trustClocks(ownMs: number, serverMs: number): boolean {
    if (Math.abs(ownMs - serverMs) <= MAX_CLOCK_DIFFERENCE_MS) return true
    if (this.#throttle.admit('clocks', performance.now()) === undefined) return false
    const facts = { ownClock: timeText(ownMs), databaseClock: timeText(serverMs) }
    this.#options.logger.error(
      facts,
      'nothing is dropped by its age: the clocks of this host and of the database differ by more ' +
        'than an hour; set the wrong one',
    )
    return false
  }

  /** Finishes what an earlier run began. */
  async #finish(client: pg.Client): Promise<boolean> {
    let isDone = true
    for (const unfinished of await listUnfinished(client)) {
      const { name } = unfinished
      const isDropped = await this.#attempt(name, async () => {
        await finishDropping(client, unfinished)
        const text = 'dropped a partition whose dropping had been cut short'
        this.#options.logger.info({ partition: name }, text)
      })
      isDone &&= isDropped
    }
    return isDone
  }

  async #dropOlder(run: RetentionRun, oldestMs: number): Promise<boolean> {
    const { partitions, newestFrom } = run.inventory
    this.#options.archive?.forgetOthers(partitions.map(({ name }) => name))
    const doomed = partitions.filter(({ from, to }) => to <= oldestMs && from < newestFrom)
    let isDone = true
    for (const partition of doomed) {
      if (!isDone && (await isDetaching(run.client))) break
      const isDropped = await this.#drop(run, partition, 'older than RETENTION_DAYS')
      isDone &&= isDropped
    }
    return isDone
  }

  async #dropBeyond(run: RetentionRun, bytes: number): Promise<boolean> {
    const { partitions, newestFrom } = run.inventory
    const sizes = await readAllBytes(run.client)
    let tableBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    let isDone = true
    for (const partition of partitions) {
      if (tableBytes <= bytes) return isDone
      if (partition.from >= newestFrom || partition.to > run.nowMs) break
      if (!isDone && (await isDetaching(run.client))) break
      const isDropped = await this.#drop(run, partition, 'beyond RETENTION_BYTES')
      isDone &&= isDropped
      if (isDropped) tableBytes -= sizes.get(partition.name) ?? 0
    }
    if (isDone && tableBytes > bytes && this.#throttle.admit('bytes', performance.now())) {
      this.#options.logger.warn(
        { tableBytes, limit: bytes },
        'flows is larger than RETENTION_BYTES, and its newest partition stays: raise the limit, or ' +
          'set PARTITION_INTERVAL=hour',
      )
    }
    return isDone
  }

  /** Drops one partition; logs it, or why it stays. */
  #drop({ client, inventory }: RetentionRun, partition: Partition, why: string): Promise<boolean> {
    const { name, from, to } = partition
    const { store, archive } = this.#options
    const { disposal } = store
    return this.#attempt(name, async () => {
      await archive?.check(client, name, disposal.rowsOf(partition))
      await this.#settleRollups(partition)
      const rows = await disposal.drop(client, partition, inventory.defaultPartition)
      const facts = { partition: name, from: timeText(from), to: timeText(to) }
      this.#options.logger.info(
        { ...facts, rows: rows === undefined ? 'unknown' : Math.round(rows) },
        `dropped a partition ${why}`,
      )
    })
  }

  async #settleRollups({ name, to }: Partition): Promise<void> {
    const { settle, logger } = this.#options
    // A full disk may be the cause: dropping goes on.
    await settle?.(to).catch((error: unknown) => {
      logger.error(
        { ...describeError(error), partition: name },
        'the rollups of an old partition could not be completed; it is dropped without',
      )
    })
  }

  async #deleteOlder(client: pg.Client, oldestMs: number): Promise<boolean> {
    const { defaultPartition } = await this.#takeInventory(client)
    const tables = [
      ['sequence_gaps', 'detected_at'],
      ['rejected_records', 'rejected_at'],
      ...(defaultPartition === undefined ? [] : [[defaultPartition, 'received_at'] as const]),
    ] as const
    let isDone = true
    for (const [table, column] of tables) {
      const isDeleted = await this.#attempt(table, async () => {
        const rows = await deleteOldRows(client, { table, column, before: new Date(oldestMs) })
        const text = 'deleted rows older than RETENTION_DAYS'
        if (rows > 0) this.#options.logger.info({ table, rows }, text)
      })
      isDone &&= isDeleted
    }
    return isDone
  }

  /**
   * Does one thing; a failure is logged once an hour.
   *
   * @param object the table
   * @throws the error of a connection that is of no use any more
   */
  async #attempt(object: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action()
      return true
    } catch (error) {
      const { severity, detail } = error as { severity?: string; detail?: string }
      const isInUse = error instanceof PartitionInUseError || error instanceof NotArchivedError
      if (!isInUse && severity !== 'ERROR') throw error
      const { condition, message, sqlState } = describeError(error)
      const remedy = isInUse ? message : remedyOf(sqlState)
      const facts = isInUse ? { object, remedy } : { object, condition, message, detail, remedy }
      const text = 'retention cannot drop or delete this, and goes on with the rest; trying again'
      const verdict = this.#throttle.admit(`${object} ${sqlState}`, performance.now())
      if (verdict) this.#options.logger.warn(facts, text)
      return false
    }
  }

  async #takeInventory(client: pg.Client): Promise<Inventory> {
    const { disposal } = this.#options.store
    const all = await disposal.list(client)
    const defaultPartition = all.find(isDefault)?.name
    const partitions = all.filter((one) => !isDefault(one)).sort((a, b) => a.from - b.from)
    for (const partition of partitions.toReversed()) {
      if (!(await hasRows(client, disposal.rowsOf(partition)))) continue
      const { from, to } = partition
      const after = Number.isFinite(to) ? new Date(to).toISOString() : 'infinity'
      const isNewer =
        defaultPartition !== undefined &&
        (await hasRows(client, `only ${defaultPartition} where received_at >= '${after}'`))
      return { partitions, defaultPartition, newestFrom: isNewer ? Number.POSITIVE_INFINITY : from }
    }
    return { partitions, defaultPartition, newestFrom: Number.POSITIVE_INFINITY }
  }
}

function remedyOf(sqlState: string): string {
  if (BUSY.includes(sqlState)) {
    return 'end the long transactions that use flows: see pg_stat_activity.xact_start'
  }
  if (sqlState === '2BP01') return 'drop the objects that the detail names'
  return sqlState === '42501' ? 'the role of the writer must own it' : 'mend what the message names'
}

/** Reads the clock of the server, in Unix milliseconds. */
async function readClock(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ nowMs: number }>(
    `select (extract(epoch from clock_timestamp()) * 1000)::float8 as "nowMs"`,
  )
  return rows[0]?.nowMs as number
}

async function hasRows(client: pg.Client, source: string): Promise<boolean> {
  const { rowCount } = await client.query(`select from ${source} limit 1`)
  return rowCount === 1
}

function timeText(ms: number): string {
  if (Number.isFinite(ms)) return new Date(ms).toISOString()
  return ms < 0 ? 'the beginning' : 'the end'
}
