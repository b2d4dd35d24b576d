/** A session of the pool for one answer. It ends early when nobody waits, or its time is over. */

import type pg from 'pg'
import type { Row, Sql } from '../../query/sql.ts'
import { ApiError } from '../api/api-error.ts'

/** The status of a session outside a transaction. */
const IDLE = 'I'

/** The types of pg lack this method. */
type WithStatus = pg.PoolClient & { getTransactionStatus(): string | null }

interface SessionOptions {
  readonly client: pg.PoolClient
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Cancels the statement of a server process. */
  readonly cancel: (pid: number) => Promise<void>
  /** Called once, when the client may be used for another answer. */
  readonly onClose: () => void
}

export class Session {
  readonly #options: SessionOptions
  readonly #timer: NodeJS.Timeout
  #cancelling: Promise<void> | undefined
  #reason: ApiError | undefined

  constructor(options: SessionOptions) {
    const { signal, timeoutMs } = options
    this.#options = options
    this.#timer = setTimeout(() => this.#end(outOfTime(timeoutMs)), timeoutMs)
    signal.addEventListener('abort', this.#onAbort)
    if (signal.aborted) this.#onAbort()
  }

  /** Why the session has ended early; undefined: it has not. */
  get reason(): ApiError | undefined {
    return this.#reason
  }

  /** Begins the transaction; closes the session when that fails. */
  async begin(statements: string): Promise<void> {
    try {
      await this.#options.client.query(statements)
    } catch (error) {
      this.#stopWatching()
      await this.#cancelling
      this.#options.client.release(true)
      throw this.#reason ?? error
    }
  }

  async ask({ text, values }: Sql): Promise<readonly Row[]> {
    // An answer may need several statements, and the server cancels only the one that runs.
    if (this.#reason) throw this.#reason
    return (await this.#options.client.query(text, [...values])).rows
  }

  async commit(): Promise<void> {
    await this.#options.client.query('commit')
  }

  /** Returns the client to the pool, which closes it after a cancel or a failed transaction. */
  async close(): Promise<void> {
    const { client, onClose } = this.#options
    this.#stopWatching()
    // A late cancel must not hit the next question.
    await this.#cancelling
    const status = (client as WithStatus).getTransactionStatus()
    client.release(this.#reason !== undefined || status !== IDLE)
    onClose()
  }

  #stopWatching(): void {
    clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#onAbort)
  }

  /** Cancels what the session is doing in the server. */
  end(): void {
    this.#end(new ApiError('busy', 'nobody waits for this answer any more'))
  }

  readonly #onAbort = (): void => this.end()

  #end(reason: ApiError): void {
    if (this.#reason) return
    this.#reason = reason
    const { processID } = this.#options.client as pg.PoolClient & { readonly processID?: number }
    if (processID !== undefined) this.#cancelling = this.#options.cancel(processID)
  }
}

function outOfTime(timeoutMs: number): ApiError {
  return new ApiError(
    'timeout',
    `the answer takes longer than ${timeoutMs / 1000} s: ask for a shorter range, a longer step, ` +
      'or fewer flows by a filter',
  )
}
