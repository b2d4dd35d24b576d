/**
 * Reads from the database over a small pool of sessions. Each answer is one read-only snapshot with a
 * limit of time, and is cancelled in the server when nobody waits for it any more.
 */

import pg from 'pg'
import { SESSION_SETTINGS, TEXTS } from '../../database/session.ts'
import type { Ask } from '../../query/sql.ts'
import { databaseError } from './database-error.ts'
import { Session } from './session.ts'
import { type Turn, Turns } from './turns.ts'

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 60_000
const REACHED_MS = 1_000
/** A cancelled statement ends at once; a server that is gone never answers. */
const CANCEL_TIMEOUT_MS = 5_000

interface ReaderOptions {
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
interface ReaderFigures {
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
  readonly #sessions = new Set<Session>()
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
   * Runs statements in one snapshot. The first one opens the session.
   *
   * @param signal cancels them in the server
   * @throws ApiError when there is no answer
   */
  async answer<Value>(
    use: (ask: Ask) => Promise<Value>,
    signal: AbortSignal,
    turn: Turn = 'in order',
  ): Promise<Value> {
    let opening: Promise<Session> | undefined
    const ask: Ask = async (sql) => {
      opening ??= this.#open(signal, turn)
      return (await opening).ask(sql)
    }
    // `use` has already got the error of a session that could not be opened.
    const opened = () => opening?.catch(() => undefined)
    try {
      const value = await use(ask)
      await (await opened())?.commit()
      return value
    } catch (error) {
      throw (await opened())?.reason ?? databaseError(error)
    } finally {
      await (await opened())?.close()
    }
  }

  async #open(signal: AbortSignal, turn: Turn): Promise<Session> {
    const release = await this.#turns.take(signal, turn)
    try {
      const client = await this.#pool.connect()
      const session: Session = new Session({
        client,
        signal,
        timeoutMs: this.#options.timeoutMs,
        cancel: (pid) => this.#cancel(pid),
        onClose: () => {
          this.#sessions.delete(session)
          release()
        },
      })
      await session.begin(this.#begin())
      this.#sessions.add(session)
      return session
    } catch (error) {
      release()
      throw databaseError(error)
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

  /** Asks over a connection of its own, because all sessions of the pool may be busy. */
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

  /** A question uses one processor at most: the others are the pipeline's. */
  #begin(): string {
    const { timeoutMs, workMemBytes } = this.#options
    return `
      begin isolation level repeatable read read only;
      ${SESSION_SETTINGS.replaceAll('set ', 'set local ')};
      set local statement_timeout = ${timeoutMs};
      set local max_parallel_workers_per_gather = 0;
      set local work_mem = '${Math.floor(workMemBytes / 1024)}kB'`
  }

  /** Cancels the statement of another session of this role. */
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
      // Either the server is gone with the statement, or `statement_timeout` ends it.
    } finally {
      await other.end().catch(() => {})
    }
  }

  /** Cancels running questions in the server, and closes all sessions. */
  async stop(): Promise<void> {
    for (const session of this.#sessions) session.end()
    await this.#pool.end()
  }
}
