/**
 * Logs that the database is away and why, every 30 s that it still is, and once that it is back.
 */

import { LogThrottle } from '../../../shared/log-throttle.ts'
import type { Logger } from '../../../shared/logger.ts'
import type { SqlError } from './sql-state.ts'

const REMIND_MS = 30_000

/** The fate of the batch, and the remedy for an operator. */
const ADVICE: Readonly<Record<SqlError['kind'], string>> = {
  retry: 'the database cannot take flows; the batch is kept and tried again',
  data: 'the database refuses the state of a batch; the batch is kept: is the schema as migrated?',
  partition: 'rows have no partition; the batch is kept, partitions are made again',
  access: 'the database refuses the writer; the batch is kept: check the login and its rights',
  unexpected: 'the database refuses the batch; it is kept: is the schema as migrated?',
}

/** Shared by all connections of a writer. Times are milliseconds of a steady clock. */
export class OutageLog {
  readonly #logger: Logger
  #since: number | undefined
  #refusal: string | undefined
  #hasLoaded = false
  #throttle = new LogThrottle(REMIND_MS)

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Since when nothing could be committed; undefined while commits succeed. */
  get since(): number | undefined {
    return this.#since
  }

  /** Why the database refuses the flows, for people; undefined: it does not, or it is away. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  /** Whether the database has ever taken a batch. */
  get hasLoaded(): boolean {
    return this.#hasLoaded
  }

  /** Notes a failure. Each condition is logged at once, then every 30 s. */
  failed(now: number, error: SqlError): void {
    this.#since ??= now
    const { kind, condition, message, isRefusal } = error
    this.#refusal = kind === 'retry' && !isRefusal ? undefined : `${condition} (${message})`
    const verdict = this.#throttle.admit(error.condition, now)
    if (verdict === undefined) return
    const awaySeconds = Math.round((now - this.#since) / 1000)
    const facts = { ...error, awaySeconds, failuresMuted: verdict.muted }
    if (error.kind === 'retry') this.#logger.warn(facts, ADVICE.retry)
    else this.#logger.error(facts, ADVICE[error.kind])
  }

  /** Notes that the database has taken a batch. */
  loaded(now: number): void {
    this.#hasLoaded = true
    this.succeeded(now)
  }

  succeeded(now: number): void {
    this.#refusal = undefined
    if (this.#since === undefined) return
    const awaySeconds = Math.round((now - this.#since) / 1000)
    this.#since = undefined
    this.#throttle = new LogThrottle(REMIND_MS)
    this.#logger.info({ awaySeconds }, 'the database takes flows again')
  }
}
