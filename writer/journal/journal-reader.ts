/**
 * Gives the journal's bytes to the spine, in order, as fast as the database takes them: whether they
 * came just now or hours ago is the same. It does not know what they mean.
 */

import type { Logger } from '../../shared/logger.ts'
import type { Journal } from './journal.ts'

const RETRY_MS = 1_000

export interface JournalReaderOptions {
  readonly journal: Journal
  /** Where reading begins. */
  readonly position: number
  readonly logger: Logger
  /** False while nothing is to be given; `wake` says that this is over. */
  readonly hasRoom: () => boolean
  /** Takes bytes, only valid during the call. */
  readonly onBytes: (bytes: Buffer) => void
  /** Told of bytes that cannot be had: where they would stand, how many, and why. */
  readonly onGap: (gap: LostBytes) => void
}

/** A stretch of the stream that is lost. */
export interface LostBytes {
  readonly kind: 'missing' | 'corrupt'
  readonly from: number
  readonly to: number
}

export class JournalReader {
  readonly #options: JournalReaderOptions
  #position: number
  #immediate: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #failed = false
  /** The failure is in the log. */
  #isTold = false

  constructor(options: JournalReaderOptions) {
    this.#options = options
    this.#position = options.position
  }

  /** Position of the next byte that is given. */
  get position(): number {
    return this.#position
  }

  get isCaughtUp(): boolean {
    return this.#position >= this.#options.journal.end
  }

  start(): void {
    this.#isRunning = true
    this.wake()
  }

  /** Goes on: something was appended, or there is room again. */
  wake(): void {
    if (!this.#isRunning || this.#failed || this.#immediate !== undefined) return
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined
      if (this.#step()) this.wake()
    })
  }

  /** Gives one chunk; tells whether to go on. */
  #step(): boolean {
    const { journal, logger, hasRoom, onBytes, onGap } = this.#options
    if (!hasRoom()) return false
    const from = this.#position
    let read: ReturnType<Journal['read']>
    try {
      read = journal.read(from)
    } catch (error) {
      this.#retry(error)
      return false
    }
    if (this.#isTold) logger.info({ position: from }, 'the journal can be read again')
    this.#isTold = false
    if (!read) return false
    if (read.kind === 'bytes') {
      this.#position += read.bytes.length
      onBytes(read.bytes)
      return true
    }
    this.#position = read.to
    onGap({ kind: read.kind, from, to: read.to })
    return true
  }

  #retry(error: unknown): void {
    this.#failed = true
    const facts = { err: error, position: this.#position }
    if (!this.#isTold) this.#options.logger.error(facts, 'the journal cannot be read; trying again')
    this.#isTold = true
    this.#timer = setTimeout(() => {
      this.#failed = false
      this.wake()
    }, RETRY_MS)
  }

  stop(): void {
    this.#isRunning = false
    clearImmediate(this.#immediate)
    clearTimeout(this.#timer)
  }
}
