/**
 * Keeps the rollups up to date in the background, on a connection of its own: loading never waits for
 * it. It sleeps while nothing is listed. A bucket that fails is tried again later, and the others go on.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from '../../../shared/logger.ts'
import { BackOff } from '../database/back-off.ts'
import { RepeatedJob } from '../database/repeated-job.ts'
import { Session } from '../database/session.ts'
import { describeError, type SqlError } from '../database/sql-state.ts'
import {
  beginWork,
  computeBuckets,
  type ListDepths,
  type WhenBusy,
  type Work,
} from './compute-buckets.ts'
import {
  expireRollups,
  giveUpTooLate,
  markSettled,
  type RollupDays,
  settledUntil,
  thinList,
} from './expiry.ts'
import { FailingBuckets } from './failing-buckets.ts'
import { type Backlog, findWork, readBacklog } from './find-work.ts'
import { LEVELS } from './levels.ts'
import { RollupProgress } from './progress.ts'

/** How often the list is looked at. */
const LOOK_MS = 5_000
/** How often old rollups are deleted. */
const EXPIRE_MS = 3_600_000
/** Minutes of one transaction; the second number while the lanes are busy. */
const MINUTES_AT_ONCE = 10
const MINUTES_WHILE_BUSY = 1
/** The job works off one list for this long; then it reads the list again. */
const PASS_MS = 10_000
/** Longest pause after a transaction while the lanes are busy. */
const MAX_REST_MS = 10_000
/** With more failures in a pass the cause is not a bucket: the job waits before it goes on. */
const MAX_FAILURES = 3
const AWAY_BACK_OFF = { firstMs: 1_000, longestMs: 30_000 }

export interface RollupOptions {
  /** false: the list is kept short, and nothing is computed. */
  readonly enabled: boolean
  readonly days: RollupDays
  readonly depths: ListDepths
}

export interface RollupJobOptions extends RollupOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  readonly logger: Logger
  /** Whether the lanes have work to do: then the job takes half of the time at most. */
  readonly isBusy: () => boolean
}

/** How far the rollups are. */
export interface RollupStatus {
  readonly enabled: boolean
  /** Minutes that are listed. */
  readonly dirtyMinutes: number
  /** How long ago the oldest listed minute ended, seconds. */
  readonly lagSeconds: number
  /** Time spent in transactions since the start. */
  readonly seconds: number
  /** Buckets that failed and wait for another attempt. */
  readonly failing: number
}

export class RollupJob {
  readonly #options: RollupJobOptions
  readonly #session: Session
  readonly #failing = new FailingBuckets()
  readonly #progress: RollupProgress
  readonly #awayBackOff = new BackOff(AWAY_BACK_OFF)
  readonly #job = new RepeatedJob(() => this.#work())
  #expiredAtMs = Number.NEGATIVE_INFINITY
  #backlog: Backlog = { minutes: 0, oldestMs: undefined }
  #workMs = 0
  /** Buckets that failed in the present pass. */
  #failures = 0
  #lastFailure: unknown

  constructor(options: RollupJobOptions) {
    this.#options = options
    const { databaseUrl, logger } = options
    this.#session = new Session({ databaseUrl, isPatient: true })
    this.#progress = new RollupProgress(logger)
  }

  get status(): RollupStatus {
    const { minutes, oldestMs } = this.#backlog
    const [minute] = LEVELS
    const lagMs = oldestMs === undefined ? 0 : Date.now() - oldestMs - minute.ms
    return {
      enabled: this.#options.enabled,
      dirtyMinutes: minutes,
      lagSeconds: Math.max(0, lagMs / 1000),
      seconds: this.#workMs / 1000,
      failing: this.#failing.count,
    }
  }

  /** Begins to work in the background. May be called twice. */
  start(): void {
    this.#job.start()
  }

  /** Works for a while. Returns how long to wait then, in milliseconds. */
  async #work(): Promise<number> {
    try {
      const isAllDone = await this.#session.use((client) => this.run(client, Date.now()))
      this.#awayBackOff.reset()
      return isAllDone ? LOOK_MS : 0
    } catch (error) {
      const waitMs = this.#awayBackOff.nextMs()
      if (!this.#job.signal.aborted) this.#logFailure(describeError(error), waitMs)
      return waitMs
    }
  }

  /** Others log that the database is away. */
  #logFailure(described: SqlError, waitMs: number): void {
    const { logger } = this.#options
    const facts = { ...described, retrySeconds: Math.ceil(waitMs / 1000) }
    const text = 'no rollup can be computed now: answers read flows instead; trying again'
    if (isAway(described)) logger.debug(facts, text)
    else logger.warn(facts, text)
  }

  /**
   * Does what may be done by now, for a while. Returns whether nothing is left.
   *
   * @throws when the database is away, or when everything fails
   */
  async run(client: pg.Client, nowMs: number): Promise<boolean> {
    const isAlone = await this.#tidy(client, nowMs)
    const isAllDone = isAlone && this.#options.enabled ? await this.#pass(client, nowMs) : true
    this.#backlog = await readBacklog(client)
    this.#progress.note(this.#backlog, this.status.seconds)
    return isAllDone
  }

  /** Works off what is listed now. Returns whether nothing was. */
  async #pass(client: pg.Client, nowMs: number): Promise<boolean> {
    const ends = LEVELS.map(({ graceMs }) => nowMs - graceMs)
    const maxMinutes = this.#options.isBusy() ? MINUTES_WHILE_BUSY : MINUTES_AT_ONCE
    const works = await findWork(client, ends, { avoided: this.#failing.at(nowMs), maxMinutes })
    const startedAt = performance.now()
    this.#failures = 0
    for (const work of works) {
      if (this.#job.signal.aborted || performance.now() - startedAt > PASS_MS) break
      await this.#attempt(client, work, nowMs)
      if (this.#failures >= MAX_FAILURES) throw this.#lastFailure
    }
    return works.length === 0
  }

  async #attempt(client: pg.Client, work: Work, nowMs: number): Promise<void> {
    const startedAt = performance.now()
    try {
      await this.#transact(client, 'skip', () => computeBuckets(client, work, this.#options.depths))
      this.#failing.succeeded(work)
    } catch (error) {
      const described = describeError(error)
      if (isAway(described)) throw error
      this.#lastFailure = error
      await client.query('rollback')
      await this.#noteFailure(client, { work, described, nowMs })
    } finally {
      this.#workMs += performance.now() - startedAt
    }
    if (this.#options.isBusy()) await this.#rest(performance.now() - startedAt)
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#job
    await sleep(Math.min(ms, MAX_REST_MS), undefined, { signal }).catch(() => {
      // The job is stopped.
    })
  }

  /** Several minutes are tried one by one, to find the one that fails. */
  async #noteFailure(
    client: pg.Client,
    { work, described, nowMs }: { work: Work; described: SqlError; nowMs: number },
  ): Promise<void> {
    const { level, buckets } = work
    if (buckets.length > 1) {
      for (const bucket of buckets) {
        if (this.#failures >= MAX_FAILURES) return
        await this.#attempt(client, { level, buckets: [bucket] }, nowMs)
      }
      return
    }
    const [bucket = 0] = buckets
    const retryMs = this.#failing.failed(work, nowMs)
    this.#failures += 1
    this.#options.logger.warn(
      {
        ...described,
        bucket: new Date(bucket).toISOString(),
        level: level.table,
        retrySeconds: Math.round(retryMs / 1000),
      },
      'a rollup cannot be computed: answers read flows instead of it; trying again later',
    )
  }

  /** Returns whether no other job was at work. */
  async #transact(
    client: pg.Client,
    whenBusy: WhenBusy,
    action: () => Promise<void>,
  ): Promise<boolean> {
    const isAlone = await beginWork(client, whenBusy)
    if (isAlone) await action()
    await client.query('commit')
    return isAlone
  }

  /** Returns whether no other job was at work. */
  #tidy(client: pg.Client, nowMs: number): Promise<boolean> {
    const { enabled, days, depths } = this.#options
    return this.#transact(client, 'skip', async () => {
      await giveUpTooLate(client)
      if (!enabled) await thinList(client)
      if (!enabled || nowMs - this.#expiredAtMs < EXPIRE_MS) return
      await expireRollups(client, nowMs, { days, depths })
      this.#expiredAtMs = nowMs
    })
  }

  /**
   * Computes everything that is listed before a time, whose flows are about to be dropped, and makes
   * it final. What comes later is not in the rollups, and is counted.
   *
   * @throws when something cannot be computed, or the database is away
   */
  settleBefore(timeMs: number): Promise<void> {
    return this.#session.use((client) => this.#settleUntil(client, settledUntil(timeMs)))
  }

  async #settleUntil(client: pg.Client, until: number): Promise<void> {
    const { enabled, depths } = this.#options
    const ends = LEVELS.map(({ graceMs }) => Math.min(until, Date.now() - graceMs))
    const options = { avoided: new Set<string>(), maxMinutes: MINUTES_AT_ONCE }
    let failure: unknown
    while (enabled && failure === undefined) {
      const works = await findWork(client, ends, options)
      if (works.length === 0) break
      for (const work of works) {
        try {
          await this.#transact(client, 'wait', () => computeBuckets(client, work, depths))
        } catch (error) {
          await client.query('rollback')
          failure = error
        }
      }
    }
    await this.#transact(client, 'wait', () => markSettled(client, until))
    if (failure !== undefined) throw failure
  }

  /** Closes the connection at once: what was not committed is computed again after the next start. */
  async stop(): Promise<void> {
    this.#job.stop()
    await this.#session.stop()
  }
}

/** Whether the connection is lost, or about to be. */
function isAway({ sqlState }: SqlError): boolean {
  return sqlState === '' || /^(08|57P)/.test(sqlState)
}
