/**
 * The named pipe at a path, also after somebody has removed or replaced it: then a new pipe takes
 * over, once the old one is read to its end.
 */

import { statSync } from 'node:fs'
import type { Libc } from '../../shared/libc.ts'
import { LogThrottle } from '../../shared/log-throttle.ts'
import type { Logger } from '../../shared/logger.ts'
import { PipeSource } from './pipe-source.ts'

/** A collector that runs finds the new pipe sooner, and takes back what nobody has read. */
const HANDOVER_MS = 2_000

/** A pipe that will replace the present one. */
interface Successor {
  readonly source: PipeSource
  /** From then on the old pipe counts as left by its collector (`performance.now()`). */
  readonly leftAt: number
}

interface WatchedPipeOptions {
  readonly path: string
  readonly libc: Libc | undefined
  readonly logger: Logger
  /** Default 2,000. */
  readonly handoverMs?: number
}

export class WatchedPipe {
  readonly #options: WatchedPipeOptions
  readonly #errors = new LogThrottle()
  #source: PipeSource
  #successor: Successor | undefined
  #problem: string | undefined

  /** @throws PipeError */
  constructor(options: WatchedPipeOptions) {
    this.#options = options
    this.#source = this.#open()
  }

  /** Whether a killed process loses nothing between pipe and file. */
  get isAtomic(): boolean {
    return this.#source.isAtomic
  }

  /** Why a collector that starts now cannot find the pipe; undefined while it can. */
  get problem(): string | undefined {
    return this.#problem
  }

  /**
   * Moves the pipe's content to the end of a file.
   *
   * @returns the count of bytes; 0 when the pipe is empty
   * @throws the system's error; nothing is lost then
   */
  moveTo(fileFd: number, maxBytes: number): number {
    const moved = this.#source.moveTo(fileFd, maxBytes)
    if (moved > 0 || !this.#successor || !isTaken(this.#successor)) return moved
    // The collector has turned to the new pipe after its last write to the old one: look once more.
    const rest = this.#source.moveTo(fileFd, maxBytes)
    if (rest > 0) return rest
    this.#source.close()
    this.#source = this.#successor.source
    this.#successor = undefined
    return this.#source.moveTo(fileFd, maxBytes)
  }

  /** Bytes that the pipe holds at most. */
  get capacity(): number {
    return this.#source.capacity
  }

  /**
   * Calls `onBytes` as long as bytes wait in the pipe; see `PipeSource`.
   *
   * @returns false where the kernel cannot be asked, or a new pipe is about to take over: then look
   *   again after a while
   */
  awaitBytes(onBytes: () => void): boolean {
    return this.#successor === undefined && this.#source.awaitBytes(onBytes)
  }

  /** Ends the calls of `awaitBytes`. */
  stopWaiting(): void {
    this.#source.stopWaiting()
  }

  /** Whether a new pipe is about to take over. */
  get isChanging(): boolean {
    return this.#successor !== undefined
  }

  /** Looks whether the pipe is still at its path, and makes a new one otherwise; call it often. */
  look(): void {
    const { path, logger, handoverMs = HANDOVER_MS } = this.#options
    const newest = this.#successor?.source ?? this.#source
    try {
      const found = statSync(path, { throwIfNoEntry: false })
      if (!found || !newest.isAt(found)) {
        const source = this.#open()
        logger.warn({ path }, 'the named pipe was removed or replaced; reading the new one')
        this.#successor?.source.close()
        this.#successor = { source, leftAt: performance.now() + handoverMs }
      }
      if (this.#problem !== undefined) logger.info({ path }, 'the named pipe is there again')
      this.#problem = undefined
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    const { path, logger } = this.#options
    this.#problem = error instanceof Error ? error.message : String(error)
    if (!this.#errors.admit('gone', performance.now())) return
    logger.error(
      { err: error, path },
      'the named pipe was removed and cannot be made anew: a collector that starts does not find ' +
        'it; check the folder and its rights',
    )
  }

  #open(): PipeSource {
    const { path, libc, logger } = this.#options
    return PipeSource.open(path, libc, logger)
  }

  /** Closes the pipe; the kernel keeps its bytes while the collector has it open. */
  close(): void {
    this.#source.close()
    this.#successor?.source.close()
    this.#successor = undefined
  }
}

/** Whether the collector writes to the new pipe by now. */
function isTaken({ source, leftAt }: Successor): boolean {
  return source.hasBytes || performance.now() >= leftAt
}
