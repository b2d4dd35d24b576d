/**
 * Moves the pipe's bytes into the journal as they arrive. It logs why it stops, for example because
 * the journal or the disk is full, and when it goes on.
 */

import type { Libc } from '../../shared/libc.ts'
import { type Logger, START_LEVEL } from '../../shared/logger.ts'
import type { Journal } from './journal.ts'
import { isDiskFull } from './journal-folder.ts'
import { KeptJournal } from './kept-journal.ts'
import { LONGEST_PAUSE_MS, MovePace } from './move-pace.ts'
import { createSignal } from './signal.ts'
import { WatchedPipe } from './watched-pipe.ts'

/** Bytes of one move: as much as a pipe holds. */
const MOVE_BYTES = 1_048_576
/** Pause before a full journal or a full disk is tried again. */
const RETRY_MS = 200
/** How often the journal is synced (JOURNAL_FSYNC=interval), and its files and the pipe looked at. */
const LOOK_MS = 1_000
/** A full journal gets room with each loaded segment, and is full again: report that once. */
const CALM_MS = 5_000
/** After this long without bytes, the last line of a collector that stops now has arrived. */
const QUIET_MS = 100
/** Longest draining: a collector that goes on must not keep the writer from stopping. */
const DRAIN_MS = 2_000

/** The settings of the journal; see `../config.ts`. */
export interface JournalWriterSettings {
  readonly NAMED_PIPE_FILENAME: string
  readonly JOURNAL_DIR: string
  readonly JOURNAL_MAX_BYTES: number
  readonly JOURNAL_SEGMENT_BYTES: number
  readonly JOURNAL_FSYNC: 'off' | 'interval'
}

interface JournalWriterOptions {
  readonly settings: JournalWriterSettings
  readonly libc: Libc | undefined
  readonly logger: Logger
  /** A hindrance counts as over after this long without one; default 5,000. */
  readonly calmMs?: number
}

type Hindrance = 'journal-full' | 'disk-full' | 'failed'

export class JournalWriter {
  readonly kept: KeptJournal
  readonly journal: Journal
  readonly #options: JournalWriterOptions
  #pipe: WatchedPipe | undefined
  readonly #opened = createSignal()
  #isOpen = false
  #timer: NodeJS.Timeout | undefined
  #lookTimer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  readonly #pace = new MovePace()
  #isRunning = false
  #movedAt = 0
  readonly #onBytes = () => this.#move(performance.now() - this.#movedAt)
  /** Why the pipe is not read now. */
  #hindrance: Hindrance | undefined
  /** The hindrance that the log reports, and since when it is over. */
  #told: Hindrance | undefined
  #freeSince = 0

  constructor(options: JournalWriterOptions) {
    this.#options = options
    const { settings, libc, logger } = options
    this.kept = new KeptJournal({
      folder: settings.JOURNAL_DIR,
      maxBytes: settings.JOURNAL_MAX_BYTES,
      segmentBytes: settings.JOURNAL_SEGMENT_BYTES,
      fsync: settings.JOURNAL_FSYNC === 'interval',
      libc,
      logger,
    })
    this.journal = this.kept.journal
  }

  /** Why a collector that starts now cannot find the pipe; undefined while it can. */
  get pipeProblem(): string | undefined {
    return this.#pipe?.problem
  }

  /** Why the pipe is not read now; undefined while it is. */
  get hindrance(): string | undefined {
    return this.#hindrance
  }

  /** Resolves when journal and pipe are open, or `stop` is called; rejects when they cannot be. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /**
   * Opens journal and pipe, creates them when they are missing, and begins to move. On a full disk
   * it tries again until there is room.
   *
   * @throws JournalError, PipeError: the message says what to do
   */
  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#lookTimer = setInterval(() => this.#look(), LOOK_MS)
    try {
      this.#openWhenRoom()
    } catch (error) {
      this.stop()
      throw error
    }
  }

  #openWhenRoom(): void {
    try {
      this.#open()
    } catch (error) {
      if (!isDiskFull(error)) throw error
      this.#hinder('disk-full', error)
      this.#timer = setTimeout(() => this.#openAgain(), RETRY_MS)
      return
    }
    this.#isOpen = true
    this.#opened.resolve()
    this.#movedAt = performance.now()
    this.#move()
  }

  #openAgain(): void {
    try {
      this.#openWhenRoom()
    } catch (error) {
      this.#opened.reject(error)
      this.stop()
    }
  }

  #open(): void {
    const { settings, libc, logger } = this.#options
    const { JOURNAL_DIR, NAMED_PIPE_FILENAME: path } = settings
    this.kept.open()
    this.#pipe ??= new WatchedPipe({ path, libc, logger })
    const { start, end } = this.journal
    logger[START_LEVEL](
      { path, journal: JOURNAL_DIR, start, end, splice: this.#pipe.isAtomic },
      'reading the pipe into the journal',
    )
  }

  #look(): void {
    if (!this.#isOpen) return
    this.#tellFree()
    this.#lookAtPipe()
    try {
      this.kept.mend()
    } catch (error) {
      this.#hinder('failed', error)
    }
    this.journal.sync((error) => {
      this.#options.logger.error({ err: error }, 'the journal cannot be brought to the disk')
    })
  }

  /** A pipe that replaces the present one is not watched yet: from now on it is asked. */
  #lookAtPipe(): void {
    const pipe = this.#pipe
    if (!pipe) return
    const wasChanging = pipe.isChanging
    pipe.look()
    if (wasChanging || !pipe.isChanging) return
    this.#moveIn(LONGEST_PAUSE_MS)
  }

  /** @param quietMs how long no bytes came before those that wait now; 0 after a pause */
  #move(quietMs = 0): void {
    const pipe = this.#pipe
    if (!this.#isRunning || !pipe) return
    const moved = this.#tryMove(this.journal.room)
    let pauseMs: number | undefined
    if (moved > 0) {
      this.#movedAt = performance.now()
      pauseMs = this.#pace.next(moved, pipe.capacity, quietMs)
    } else if (this.#hindrance !== undefined) pauseMs = RETRY_MS
    if (pauseMs !== undefined) this.#moveIn(pauseMs)
    else if (!pipe.awaitBytes(this.#onBytes)) this.#moveIn(LONGEST_PAUSE_MS)
  }

  /** @param ms 0: the journal's reader and the connections get a turn before */
  #moveIn(ms: number): void {
    this.#cancelMove()
    if (ms === 0) this.#immediate = setImmediate(() => this.#move())
    else this.#timer = setTimeout(() => this.#move(), ms)
  }

  #cancelMove(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#pipe?.stopWaiting()
  }

  /** Moves up to `room` bytes; returns 0 when the pipe is empty or the journal cannot take more. */
  #tryMove(room: number): number {
    const { journal } = this
    const pipe = this.#pipe
    if (!pipe) return 0
    if (room === 0) {
      this.#hinder('journal-full')
      return 0
    }
    try {
      const moved = journal.append(pipe, Math.min(room, MOVE_BYTES))
      this.#goOn()
      return moved
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      this.#hinder(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'failed', error)
      return 0
    }
  }

  #hinder(hindrance: Hindrance, error?: unknown): void {
    this.#hindrance = hindrance
    if (this.#told === hindrance) return
    this.#told = hindrance
    const { logger } = this.#options
    const facts = {
      journalBytes: this.journal.bytes,
      ...(error === undefined ? {} : { err: error }),
    }
    logger.error(facts, HINDRANCE_TEXT[hindrance])
  }

  #goOn(): void {
    if (this.#hindrance === undefined) return
    this.#hindrance = undefined
    this.#freeSince = performance.now()
  }

  #tellFree(): void {
    const { calmMs = CALM_MS, logger } = this.#options
    if (this.#told === undefined || this.#hindrance !== undefined) return
    if (performance.now() - this.#freeSince < calmMs) return
    this.#told = undefined
    logger.info('the journal takes bytes again: reading the pipe')
  }

  /**
   * Waits until the pipe has been empty for a while: when both processes stop, the kernel forgets
   * the pipe's content. The last bytes may exceed the journal's limit.
   */
  async drain(): Promise<void> {
    const deadline = performance.now() + DRAIN_MS
    // The pipe may hold bytes that were written just now.
    this.#movedAt = performance.now()
    while (this.#isRunning && performance.now() < deadline) {
      if (this.#hindrance === 'journal-full' && this.#tryMove(MOVE_BYTES) > 0) {
        this.#movedAt = performance.now()
        continue
      }
      const quietMs = performance.now() - this.#movedAt
      if (quietMs >= QUIET_MS) return
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS - quietMs))
    }
  }

  /** Stops reading; unread bytes stay in the pipe for the next reader. */
  stop(): void {
    this.#isRunning = false
    this.#cancelMove()
    clearInterval(this.#lookTimer)
    this.#opened.resolve()
  }

  /** Closes pipe and journal. May be called twice. */
  close(): void {
    this.stop()
    this.#pipe?.close()
    this.#pipe = undefined
    this.kept.close()
  }
}

const STOPPED =
  'the pipe is not read until this is over; then the collector queues, and drops and counts'

const HINDRANCE_TEXT = {
  'journal-full': `the journal is full (JOURNAL_MAX_BYTES): the database is away or too slow; ${STOPPED}`,
  'disk-full': `the file system of JOURNAL_DIR is full: make room; ${STOPPED}`,
  failed: `the journal cannot be written; ${STOPPED}`,
} as const
