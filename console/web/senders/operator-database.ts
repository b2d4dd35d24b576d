/**
 * The connections of the role netflow_operator, apart from those of readers. A transaction that takes
 * too long ends in the server; a database that is away is an answer, not a failure of this process.
 */

import pg from 'pg'
import { SendersError } from './senders-error.ts'
import type { Transaction } from './senders-table.ts'

const POOL_SIZE = 2
const CONNECT_TIMEOUT_MS = 5_000
/** Another transaction holds the row of the exporter. */
const LOCK_TIMEOUT_MS = 5_000
const RETRY_AFTER_SECONDS = 5

export interface OperatorDatabaseOptions {
  readonly config: pg.PoolConfig
  /** Of each statement. */
  readonly timeoutMs: number
  /** Told about connections that end while they are idle. */
  readonly onError: (error: Error) => void
}

export class OperatorDatabase {
  readonly #pool: pg.Pool
  readonly #timeoutMs: number

  constructor({ config, timeoutMs, onError }: OperatorDatabaseOptions) {
    this.#timeoutMs = timeoutMs
    this.#pool = new pg.Pool({
      ...config,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'netflow-senders',
      allowExitOnIdle: true,
    })
    this.#pool.on('error', onError)
  }

  /** Reads in one snapshot. @throws SendersError 503 */
  read<Value>(use: (transaction: Transaction) => Promise<Value>): Promise<Value> {
    return this.#transact('begin isolation level repeatable read read only', use)
  }

  /** Changes everything or nothing. @throws SendersError 503 */
  write<Value>(use: (transaction: Transaction) => Promise<Value>): Promise<Value> {
    return this.#transact('begin', use)
  }

  async stop(): Promise<void> {
    await this.#pool.end()
  }

  async #transact<Value>(
    begin: string,
    use: (transaction: Transaction) => Promise<Value>,
  ): Promise<Value> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw unavailable('the database is away', error)
    })
    let failure: Error | undefined
    try {
      await client.query(
        `${begin}; set local statement_timeout = ${this.#timeoutMs};
         set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local timezone = 'UTC';
         set local work_mem = '64MB'; set local jit = off`,
      )
      const value = await use({ query: (text, values) => client.query(text, [...values]) })
      await client.query('commit')
      return value
    } catch (error) {
      failure = await takeBack(client)
      throw explain(error)
    } finally {
      client.release(failure)
    }
  }
}

/** Returns the error of a connection that cannot be used again. */
function takeBack(client: pg.PoolClient): Promise<Error | undefined> {
  return client.query('rollback').then(
    () => undefined,
    (error: Error) => error,
  )
}

/** SQLSTATEs of answers that another time may bring, and what to say. */
const TRANSIENT: Readonly<Record<string, string>> = {
  '57014': 'the answer took too long: ask for fewer or shorter times',
  '55P03': 'another change of this sender takes long',
  '40P01': 'another change came between',
  '53300': 'the database has no free connection',
  '42501':
    'the database does not let this role do it: node dist/writer/create-role.js gives the rights',
}

function explain(error: unknown): unknown {
  if (error instanceof SendersError) return error
  const { code = '' } = error as { code?: string }
  const text = TRANSIENT[code]
  if (text !== undefined) return unavailable(text, error)
  // Class 57 is a server that stops; other codes of pg's are of the connection.
  const isAway = /^(57|08)/.test(code) || !/^[0-9A-Z]{5}$/.test(code)
  return isAway && isConnectionError(error) ? unavailable('the database is away', error) : error
}

function isConnectionError(error: unknown): boolean {
  const { code, message = '' } = error as { code?: string; message?: string }
  return code !== undefined || /connection/i.test(message)
}

function unavailable(text: string, cause: unknown): SendersError {
  return new SendersError(503, text, {
    cause,
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  })
}
