/**
 * Watches the path of the named pipe: opens the pipe as soon as it exists, and again when a new one
 * replaces it.
 */

import type { Libc } from '../../shared/libc.ts'
import { LogThrottle } from '../../shared/log-throttle.ts'
import { type Logger, START_LEVEL } from '../../shared/logger.ts'
import { identifyPipe, NamedPipe, NotAPipeError } from './named-pipe.ts'

export class PipeWatcher {
  readonly #path: string
  readonly #logger: Logger
  readonly #libc: Libc | undefined
  /** A pipe that is open, but into which another program is writing a line. */
  #announced: NamedPipe | undefined
  readonly #errors = new LogThrottle()
  /** The identity of the pipe that was opened last. */
  #identity: string | undefined
  #isMissingLogged = false

  constructor(path: string, logger: Logger, libc?: Libc) {
    this.#path = path
    this.#logger = logger
    this.#libc = libc
  }

  /**
   * Opens the pipe unless it was opened already. Call it repeatedly: the pipe may not exist yet,
   * and a new one may replace it.
   *
   * @returns the newly opened pipe, which the caller closes
   * @throws NotAPipeError where the path names anything else
   */
  look(): NamedPipe | undefined {
    try {
      const identity = identifyPipe(this.#path)
      if (identity === undefined) {
        this.#logMissing()
        return undefined
      }
      this.#isMissingLogged = false
      if (identity === this.#identity) return undefined
      const pipe = this.#open(identity)
      if (!pipe) return undefined
      const level = this.#identity === undefined ? START_LEVEL : 'info'
      this.#logger[level]({ path: this.#path }, 'the named pipe is open')
      this.#identity = pipe.identity
      return pipe
    } catch (error) {
      if (error instanceof NotAPipeError) throw error
      this.#logTrouble(error)
      return undefined
    }
  }

  /** Opens the pipe, and waits until no other program is writing a line (`netflow replay`). */
  #open(identity: string): NamedPipe | undefined {
    if (this.#announced?.identity !== identity) {
      this.#announced?.close()
      this.#announced = NamedPipe.open(this.#path)
    }
    const pipe = this.#announced
    if (this.#libc && !pipe.announce(this.#libc)) {
      if (this.#errors.admit('turn', performance.now())) {
        this.#logger.warn(
          { path: this.#path },
          'waiting until a replay has finished its line in the named pipe: it then stops by itself',
        )
      }
      return undefined
    }
    this.#announced = undefined
    return pipe
  }

  /** Closes a pipe that was not handed out. */
  close(): void {
    this.#announced?.close()
    this.#announced = undefined
  }

  /** Makes the next look open the pipe again, because the open one failed. */
  forget(): void {
    this.#identity = undefined
  }

  /** A removed pipe stays in use until a new one exists: its reader may still have it open. */
  #logMissing(): void {
    if (this.#isMissingLogged) return
    this.#isMissingLogged = true
    const path = this.#path
    const message = this.#identity
      ? 'the named pipe was removed; waiting for a new one, which the writer creates'
      : 'waiting for the named pipe, which the writer creates'
    this.#logger[this.#identity ? 'warn' : 'info']({ path }, message)
  }

  #logTrouble(error: unknown): void {
    if (!this.#errors.admit('open', performance.now())) return
    this.#logger.error(
      { err: error, path: this.#path },
      'the named pipe cannot be opened, trying again: collector and writer both need permission to ' +
        'read and write it (run them as one user, or in one group)',
    )
  }
}
