/** Pulls the journal through ingest, as fast as the database accepts the batches, and passes time on. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '../../shared/logger.ts'
import type { JournalReader } from '../journal/journal-reader.ts'
import type { JournalWriter } from '../journal/journal-writer.ts'
import type { Ingest } from './ingest.ts'

interface JournalPullOptions {
  readonly journalWriter: JournalWriter
  readonly reader: JournalReader
  readonly ingest: Ingest
  readonly logger: Logger
}

export class JournalPull {
  readonly #options: JournalPullOptions
  /** Whether a tick waits until the bytes that were gathered before it are read. */
  #isTickDue = false
  #isStopped = false

  constructor(options: JournalPullOptions) {
    this.#options = options
  }

  /** Pulls until `stop`. */
  async run(): Promise<void> {
    const { reader, ingest } = this.#options
    for (;;) {
      await ingest.batcher.room()
      if (this.#isStopped) return
      this.trim()
      const { waitedMs } = reader
      const read = reader.read()
      if (read) ingest.take(read, waitedMs)
      else if (this.#isTickDue) this.#tick()
      // The pipe and the connections get a turn between two reads.
      await (read ? nextTurn() : reader.more())
    }
  }

  /**
   * Lets time pass in ingest. Bytes that the reader still gathers are read first, as they may hold late
   * datagrams. Call it often.
   */
  tick(): void {
    this.#isTickDue = this.#options.reader.hurry()
    if (!this.#isTickDue) this.#tick()
  }

  #tick(): void {
    const { reader, ingest, journalWriter } = this.#options
    this.#isTickDue = false
    const isRead = journalWriter.hindrance === undefined
    ingest.tick({ isCaughtUp: reader.isCaughtUp && isRead })
    this.trim()
  }

  /** Deletes the segments that are loaded. */
  trim(): void {
    const { journalWriter, ingest, logger } = this.#options
    try {
      journalWriter.journal.trim(ingest.batcher.committed)
    } catch (error) {
      const text = 'a loaded segment of the journal cannot be deleted; trying again'
      logger.error({ err: error }, text)
    }
  }

  /** Ends `run` before its next read. */
  stop(): void {
    this.#isStopped = true
  }
}
