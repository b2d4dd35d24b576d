/**
 * One connection that comes back: opened on demand, used by one caller at a time, and closed after
 * any error, so that no caller gets a connection in an unknown state.
 */

import type pg from 'pg'
import { closeClient, connectDatabase, connectionConfig } from './connection.ts'

interface SessionOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  /** Its statements may take as long as they need. */
  readonly isPatient?: true
  /** Prepares every new connection. When it throws, the connection is closed. */
  readonly onConnect?: (client: pg.Client) => Promise<void>
}

export class Session {
  readonly #options: SessionOptions
  #client: pg.Client | undefined
  /** Resolves when the last use is over. */
  #last: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /**
   * Runs `work` on the connection, after every earlier `work`.
   *
   * @throws the error of connecting or of `work`; the connection is closed then
   */
  use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const result = this.#runAfter(this.#last, work)
    this.#last = result.then(
      () => {},
      () => {
        // The caller of that `use` has the error.
      },
    )
    return result
  }

  async #runAfter<Result>(
    last: Promise<void>,
    work: (client: pg.Client) => Promise<Result>,
  ): Promise<Result> {
    await last
    try {
      return await work(await this.#connected())
    } catch (error) {
      await this.#disconnect()
      throw error
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#isClosed) throw new Error('the session is closed')
    if (this.#client) return this.#client
    const { databaseUrl, isPatient, onConnect } = this.#options
    const { query_timeout, ...config } = connectionConfig(databaseUrl)
    const limits = isPatient ? {} : { query_timeout }
    const client = await connectDatabase({ ...config, ...limits }, (lost) => {
      if (this.#client === lost) this.#client = undefined
      void closeClient(lost)
    })
    this.#client = client
    if (this.#isClosed) throw new Error('the session is closed')
    await onConnect?.(client)
    return client
  }

  async #disconnect(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    if (client) await closeClient(client)
  }

  /** Closes the connection at once; work that runs on it fails. May be called twice. */
  async stop(): Promise<void> {
    this.#isClosed = true
    await this.#disconnect()
    await this.#last
  }
}
