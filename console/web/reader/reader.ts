/**
 * The reader's sessions: a small pool, each question in a read-only transaction of one snapshot, with
 * a limit of time, and cancelled in the server when nobody waits for the answer any more.
 */

import pg from 'pg'
import { SESSION_SETTINGS, TEXTS } from '../../database/session.ts'
import type { Ask } from '../../query/sums.ts'
import { ApiError } from '../api/api-error.ts'
import { databaseError } from './database-error.ts'
import { Turns } from './turns.ts'

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 60_000
const REACHED_MS = 1_000
/** A cancelled statement ends at once; a server that is gone never answers. */
const CANCEL_TIMEOUT_MS = 5_000

export interface ReaderOptions {
  /** Empty: libpq's variables. */
  readonly databaseUrl: string
  readonly applicationName: string
  readonly connections: number
  /** Questions that run or wait; further ones are refused. */
  readonly questions: number
  readonly timeoutMs: number
  readonly workMemBytes: number
}

/** Figures for the metrics. */
export interface ReaderFigures {
  readonly running: number
  readonly waiting: number
  readonly cancelled: number
  readonly refused: number
}

export class Reader {
  readonly #options: ReaderOptions
  readonly #config: pg.ClientConfig
  readonly #pool: pg.Pool
  readonly #turns: Turns
  #cancelled = 0
  #reached: { readonly promise: Promise<boolean>; readonly at: number } | undefined

  constructor(options: ReaderOptions) {
    const { databaseUrl, applicationName, connections, questions } = options
    this.#options = options
    this.#config = {
      ...(databaseUrl && { connectionString: databaseUrl }),
      application_name: applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    }
    this.#pool = new pg.Pool({
      ...this.#config,
      max: connections,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      types: TEXTS as never,
    })
    // A lost idle connection is replaced when it is needed.
    this.#pool.on('error', () => {})
    this.#turns = new Turns(connections, questions)
  }

  get figures(): ReaderFigures {
    const { running, waiting, refused } = this.#turns
    return { running, waiting, refused, cancelled: this.#cancelled }
  }

  /**
   * Runs questions in one snapshot.
   *
   * @param signal ends them in the server
   * @throws ApiError when there is no answer
   */
  async answer<Value>(use: (ask: Ask) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    const release = await this.#turns.take(signal)
    try {
      return await this.#answer(use, signal)
    } finally {
      release()
    }
  }

  async #answer<Value>(use: (ask: Ask) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    const client = await this.#connect()
    const ending = new Ending(client, (pid) => this.#cancel(pid), this.#options.timeoutMs)
    signal.addEventListener('abort', ending.onAbort)
    try {
      if (signal.aborted) ending.onAbort()
      await client.query(this.#begin())
      const value = await use(async ({ text, values }) => {
        ending.throwIfEnded()
        return (await client.query(text, [...values])).rows
      })
      await client.query('commit')
      return value
    } catch (error) {
      throw ending.reason ?? databaseError(error)
    } finally {
      signal.removeEventListener('abort', ending.onAbort)
      await ending.settle()
      // A signal on its way must not hit the next question.
      client.release(ending.reason !== undefined || hasFailed(client))
    }
  }

  /** Whether the database answers; asked at most once a second, without waiting for a turn. */
  isReachable(): Promise<boolean> {
    const now = performance.now()
    if (this.#reached && now - this.#reached.at < REACHED_MS) return this.#reached.promise
    const promise = this.#reach()
    this.#reached = { promise, at: now }
    return promise
  }

  /** In a connection of its own, because all of the pool may be busy. */
  async #reach(): Promise<boolean> {
    const client = new pg.Client({ ...this.#config, query_timeout: CONNECT_TIMEOUT_MS })
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query("select to_regclass('answer_definitions') as found")
      return rows[0]?.found !== null
    } catch {
      return false
    } finally {
      await client.end().catch(() => {})
    }
  }

  /** A question has one processor at most: the others are the pipeline's. */
  #begin(): string {
    const { timeoutMs, workMemBytes } = this.#options
    return `
      begin isolation level repeatable read read only;
      ${SESSION_SETTINGS.replaceAll('set ', 'set local ')};
      set local statement_timeout = ${timeoutMs};
      set local max_parallel_workers_per_gather = 0;
      set local work_mem = '${Math.floor(workMemBytes / 1024)}kB'`
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw databaseError(error)
    }
  }

  /** Ends the statement of another session of this role. */
  async #cancel(pid: number): Promise<void> {
    this.#cancelled += 1
    const other = new pg.Client({
      ...this.#config,
      connectionTimeoutMillis: CANCEL_TIMEOUT_MS,
      query_timeout: CANCEL_TIMEOUT_MS,
    })
    other.on('error', () => {})
    try {
      await other.connect()
      await other.query('select pg_cancel_backend($1)', [pid])
    } catch {
      // The server is away, and the statement with it; else its own limit of time ends it.
    } finally {
      await other.end().catch(() => {})
    }
  }

  async stop(): Promise<void> {
    await this.#pool.end()
  }
}

/** Why a question is ended early, and the cancelling of its statement. */
class Ending {
  readonly #pid: number | undefined
  readonly #cancel: (pid: number) => Promise<void>
  readonly #timer: NodeJS.Timeout
  #cancelling: Promise<void> | undefined
  #reason: ApiError | undefined
  readonly onAbort = () => this.#end(new ApiError('busy', 'nobody waits for this answer any more'))

  constructor(client: pg.PoolClient, cancel: (pid: number) => Promise<void>, timeoutMs: number) {
    this.#pid = (client as pg.PoolClient & { processID?: number }).processID
    this.#cancel = cancel
    this.#timer = setTimeout(() => {
      this.#end(
        new ApiError(
          'timeout',
          `the answer takes longer than ${timeoutMs / 1000} s: ask for a shorter range, a longer ` +
            'step, or fewer flows by a filter',
        ),
      )
    }, timeoutMs)
  }

  get reason(): ApiError | undefined {
    return this.#reason
  }

  throwIfEnded(): void {
    if (this.#reason) throw this.#reason
  }

  #end(reason: ApiError): void {
    if (this.#reason) return
    this.#reason = reason
    if (this.#pid !== undefined) this.#cancelling = this.#cancel(this.#pid)
  }

  async settle(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#cancelling
  }
}

/** A client in a failed transaction, or without a connection, is not used again. */
function hasFailed(client: pg.PoolClient): boolean {
  const { _txStatus } = client as pg.PoolClient & { _txStatus?: string }
  return _txStatus !== 'I'
}
