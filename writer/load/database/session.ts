/**
 * One connection that comes back: opened when it is needed, used by one at a time, and closed after
 * any error, so that nobody meets one in an unknown state. It does not retry.
 */

import type pg from 'pg'
import { closeClient, connectDatabase, connectionConfig } from './connection.ts'

export interface SessionOptions {
  /** Empty: libpq's PG variables. */
  readonly databaseUrl: string
  /** Prepares every new connection; when it throws, the connection is not used. */
  readonly onConnect?: (client: pg.Client) => Promise<void>
}

export class Session {
  readonly #options: SessionOptions
  #client: pg.Client | undefined
  /** When the last use is over. */
  #last: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /**
   * Runs `work` on the connection, after those who came before.
   *
   * @throws what connecting or `work` threw; the connection is closed then
   */
  use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => this.#run(work))
    this.#last = result.then(
      () => {},
      () => {
        // Whoever asked for it has the error.
      },
    )
    return result
  }

  async #run<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
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
    const { databaseUrl, onConnect } = this.#options
    const client = await connectDatabase(connectionConfig(databaseUrl), (lost) => {
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

  /** Closes the connection at once: what runs on it fails. May be called twice. */
  async stop(): Promise<void> {
    this.#isClosed = true
    await this.#disconnect()
    await this.#last
  }
}
