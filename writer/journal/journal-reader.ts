/**
 * Reads the journal from a position to its end, in order. Bytes that came just now and bytes that
 * came hours ago are read the same way.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../shared/logger.ts'
import type { Journal, JournalRead } from './journal.ts'

const RETRY_MS = 1_000

interface JournalReaderOptions {
  readonly journal: Journal
  /** Where reading begins. */
  readonly position: number
  readonly logger: Logger
}

export class JournalReader {
  readonly #options: JournalReaderOptions
  #position: number
  /** The last read failed, and the log says so. */
  #hasFailed = false

  constructor(options: JournalReaderOptions) {
    this.#options = options
    this.#position = options.position
  }

  /** Position of the next byte to read. */
  get position(): number {
    return this.#position
  }

  get isCaughtUp(): boolean {
    return this.#position >= this.#options.journal.end
  }

  /**
   * Reads the next stretch and moves past it.
   *
   * @returns undefined at the end of the journal, and when it cannot be read: then wait for `more`.
   *   Bytes are valid until the next call.
   */
  read(): JournalRead | undefined {
    const { journal, logger } = this.#options
    let read: JournalRead | undefined
    try {
      read = journal.read(this.#position)
    } catch (error) {
      const facts = { err: error, position: this.#position }
      if (!this.#hasFailed) logger.error(facts, 'the journal cannot be read; trying again')
      this.#hasFailed = true
      return undefined
    }
    if (this.#hasFailed) logger.info({ position: this.#position }, 'the journal can be read again')
    this.#hasFailed = false
    if (read) this.#position = read.to
    return read
  }

  /** Resolves when `read` is worth another call: after an append, or a while after a failure. */
  async more(): Promise<void> {
    if (this.#hasFailed) await sleep(RETRY_MS, undefined, { ref: false })
    else if (this.isCaughtUp) await this.#options.journal.grown()
  }
}
