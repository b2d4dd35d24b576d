/**
 * Reads the journal from a position to its end, in order. Bytes that came just now and bytes that
 * came hours ago are read the same way.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../shared/logger.ts'
import type { Journal, JournalRead } from './journal.ts'
import { createSignal } from './signal.ts'

const RETRY_MS = 1_000
/**
 * Bytes that are worth reading at once. After each pause code and data are cold: with 32 KiB, 1,000
 * full datagrams per second cost the writer 1.3 times as much. Half of what the journal leaves
 * unchecked, as it would read more bytes than that itself.
 */
const GATHER_BYTES = 262_144

interface JournalReaderOptions {
  readonly journal: Journal
  /** Where reading begins. */
  readonly position: number
  /** How long bytes may wait for others to be read with them; default 0. */
  readonly gatherMs?: number
  readonly logger: Logger
}

export class JournalReader {
  readonly #options: JournalReaderOptions
  #position: number
  /** The last read failed, and the log says so. */
  #hasFailed = false
  /** Since when the oldest byte that was not read is known; undefined: nobody has waited for it. */
  #arrivedAt: number | undefined
  /** Ends the wait for more bytes to read. */
  #hurry: (() => void) | undefined
  #isHurried = false

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

  /** How long the bytes that `read` returns next have waited for others, in milliseconds. */
  get waitedMs(): number {
    return this.#arrivedAt === undefined ? 0 : performance.now() - this.#arrivedAt
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
    this.#arrivedAt = undefined
    return read
  }

  /**
   * Resolves when `read` is worth another call: when enough bytes wait, or the oldest has waited for
   * `gatherMs`, or a while after a failure.
   */
  async more(): Promise<void> {
    const { journal, gatherMs = 0 } = this.#options
    if (this.#hasFailed) {
      await sleep(RETRY_MS, undefined, { ref: false })
      return
    }
    if (this.isCaughtUp) {
      await new Promise<void>((resolve) => journal.awaitEnd(this.#position + 1, resolve))
    }
    if (gatherMs > 0 && !this.#isHurried) await this.#gather(gatherMs)
  }

  async #gather(gatherMs: number): Promise<void> {
    const { journal } = this.#options
    this.#arrivedAt = performance.now()
    const end = this.#position + GATHER_BYTES
    if (journal.end >= end) return
    const { promise, resolve } = createSignal()
    this.#hurry = resolve
    const timer = setTimeout(resolve, gatherMs)
    const stopWaiting = journal.awaitEnd(end, resolve)
    await promise
    stopWaiting()
    clearTimeout(timer)
    this.#hurry = undefined
  }

  /** Lets bytes that wait for others be read now. @returns whether there are any */
  hurry(): boolean {
    this.#hurry?.()
    return this.#hurry !== undefined
  }

  /** Never lets bytes wait for others from now on. */
  hurryForEver(): void {
    this.#isHurried = true
    this.hurry()
  }
}
