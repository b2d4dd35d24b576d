/**
 * The connections of the role netflow_operator: a pool that reads, and a pool that changes senders. The
 * page has sessions of its own, because its role may change nothing.
 */

import pg from 'pg'
import { SESSION_SETTINGS, TEXTS } from '../../database/session.ts'
import type { Ask } from '../../query/sql.ts'
import { databaseError } from '../reader/database-error.ts'
import { Reader } from '../reader/reader.ts'
import { SendersError } from './senders-error.ts'

const READERS = 2
const WRITERS = 2
/** Questions that run or wait; further ones are refused. */
const MAX_QUESTIONS = 8
const WORK_MEM_BYTES = 67_108_864
const CONNECT_TIMEOUT_MS = 5_000
/** How long to wait for a transaction that holds the row of the exporter. */
const LOCK_TIMEOUT_MS = 5_000
const RETRY_AFTER_SECONDS = 5

interface OperatorDatabaseOptions {
  /** Empty: libpq's variables. */
  readonly databaseUrl: string
  /** Limit for an answer, and for each statement that changes something. */
  readonly timeoutMs: number
}

export class OperatorDatabase {
  readonly #reader: Reader
  readonly #writers: pg.Pool
  readonly #timeoutMs: number

  constructor({ databaseUrl, timeoutMs }: OperatorDatabaseOptions) {
    this.#timeoutMs = timeoutMs
    const applicationName = 'netflow-senders'
    this.#reader = new Reader({
      databaseUrl,
      applicationName,
      connections: READERS,
      questions: MAX_QUESTIONS,
      timeoutMs,
      workMemBytes: WORK_MEM_BYTES,
    })
    this.#writers = new pg.Pool({
      ...(databaseUrl && { connectionString: databaseUrl }),
      application_name: applicationName,
      max: WRITERS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      types: TEXTS as never,
    })
    // A lost idle connection is replaced when it is needed.
    this.#writers.on('error', () => {})
  }

  /**
   * Reads in one snapshot.
   *
   * @param signal cancels it in the server
   * @throws ApiError when there is no answer
   */
  read<Value>(use: (ask: Ask) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    return this.#reader.answer(use, signal)
  }

  /** Changes everything or nothing. @throws ApiError, SendersError when nothing was changed */
  async write<Value>(use: (ask: Ask) => Promise<Value>): Promise<Value> {
    const client = await this.#writers.connect().catch((error: unknown) => {
      throw databaseError(error)
    })
    let failure: Error | undefined
    try {
      await client.query(
        `begin; ${SESSION_SETTINGS.replaceAll('set ', 'set local ')};
         set local statement_timeout = ${this.#timeoutMs};
         set local lock_timeout = ${LOCK_TIMEOUT_MS}`,
      )
      const value = await use(async ({ text, values }) => {
        return (await client.query(text, [...values])).rows
      })
      await client.query('commit')
      return value
    } catch (error) {
      failure = await rollBack(client)
      throw refusalOf(error) ?? databaseError(error)
    } finally {
      client.release(failure)
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#reader.stop(), this.#writers.end()])
  }
}

/** Rolls back. Returns an error when the connection cannot be used again. */
function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  return client.query('rollback').then(
    () => undefined,
    (error: Error) => error,
  )
}

const CONTENTION = 'another change of this sender takes long: try again'

/** Reasons why changes are refused, by SQLSTATE. */
const REFUSALS: Readonly<Record<string, string>> = {
  '55P03': CONTENTION,
  '40P01': CONTENTION,
  '42501': 'the role may not change senders: let API_DATABASE_URL be that of netflow_operator',
}

function refusalOf(error: unknown): SendersError | undefined {
  const { code = '' } = error as { readonly code?: string }
  const text = REFUSALS[code]
  if (text === undefined) return undefined
  return new SendersError(503, text, {
    cause: error,
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  })
}
