/** Says once that the database is away, once in a while that it still is, and once that it is back. */

import type { Logger } from '../../shared/logger.ts'
import type { SqlError } from './sql-state.ts'

const REMIND_MS = 30_000

/** What to do about an error that does not go away by itself. */
const ADVICE: Readonly<Record<SqlError['kind'], string>> = {
  retry: 'the database cannot take flows; the batch is kept and tried again',
  data: 'the database refuses what is not a row; the batch is kept: is the schema as migrated?',
  partition: 'rows have no partition; the batch is kept, partitions are made again',
  access: 'the database refuses the writer; the batch is kept: check the login and its rights',
  unexpected: 'the database refuses the batch; it is kept: is the schema as migrated?',
}

/** Shared by all connections of a writer. Times are milliseconds of a steady clock. */
export class OutageLog {
  readonly #logger: Logger
  #since: number | undefined
  #saidAt = 0

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Since when nothing could be committed; undefined while all is well. */
  get since(): number | undefined {
    return this.#since
  }

  failed(now: number, error: SqlError): void {
    const isNew = this.#since === undefined
    this.#since ??= now
    if (!isNew && now - this.#saidAt < REMIND_MS) return
    this.#saidAt = now
    const awaySeconds = Math.round((now - this.#since) / 1000)
    const facts = { ...error, awaySeconds }
    if (error.kind === 'retry') this.#logger.warn(facts, ADVICE.retry)
    else this.#logger.error(facts, ADVICE[error.kind])
  }

  succeeded(now: number): void {
    if (this.#since === undefined) return
    const awaySeconds = Math.round((now - this.#since) / 1000)
    this.#since = undefined
    this.#logger.info({ awaySeconds }, 'the database takes flows again')
  }
}
