/**
 * Watches the path of the named pipe: waits while it is missing, and opens the pipe when it is
 * there or was made anew. It writes nothing to the pipe, and closes only what it never gave away.
 */

import { LogThrottle } from '../../shared/log-throttle.ts'
import type { Logger } from '../../shared/logger.ts'
import { identifyPipe, NamedPipe, NotAPipeError } from './named-pipe.ts'

interface PipeWatcherOptions {
  readonly path: string
  readonly logger: Logger
  /** Called with every newly opened pipe, which then belongs to the receiver of the call. */
  readonly onPipe: (pipe: NamedPipe) => void
  /** Called when the path turns out to be no pipe after `start`. */
  readonly onFatal: (error: Error) => void
  /** How often the path is looked at; default 250. */
  readonly checkIntervalMs?: number | undefined
}

export class PipeWatcher {
  readonly #options: PipeWatcherOptions
  readonly #errors = new LogThrottle()
  #timer: NodeJS.Timeout | undefined
  /** Which pipe was opened last. */
  #identity: string | undefined
  #isMissingTold = false

  constructor(options: PipeWatcherOptions) {
    this.#options = options
  }

  /**
   * Opens the pipe, or begins to wait for it.
   *
   * @throws NotAPipeError where the path is something else.
   */
  start(): void {
    if (this.#timer) return
    this.#look()
    this.#timer = setInterval(() => {
      try {
        this.#look()
      } catch (error) {
        this.stop()
        this.#options.onFatal(error as NotAPipeError)
      }
    }, this.#options.checkIntervalMs ?? 250)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Has the pipe opened again at the next look, because the open one failed. */
  forget(): void {
    this.#identity = undefined
  }

  #look(): void {
    const { path, onPipe, logger } = this.#options
    try {
      const identity = identifyPipe(path)
      if (identity === undefined) {
        this.#tellMissing()
        return
      }
      this.#isMissingTold = false
      if (identity === this.#identity) return
      const pipe = NamedPipe.open(path)
      this.#identity = pipe.identity
      logger.info({ path }, 'the named pipe is open')
      onPipe(pipe)
    } catch (error) {
      if (error instanceof NotAPipeError) throw error
      this.#tellTrouble(error)
    }
  }

  /** A removed pipe stays in use until there is a new one: a reader that has it open reads on. */
  #tellMissing(): void {
    if (this.#isMissingTold) return
    this.#isMissingTold = true
    const { path, logger } = this.#options
    if (this.#identity) logger.warn({ path }, 'the named pipe was removed; waiting for a new one')
    else logger.info({ path }, 'waiting for the named pipe, which the writer creates')
  }

  #tellTrouble(error: unknown): void {
    const verdict = this.#errors.admit('open', performance.now())
    if (!verdict) return
    const { path, logger } = this.#options
    logger.error(
      { err: error, path },
      'the named pipe cannot be opened, trying on: collector and writer both need permission to ' +
        'read and write it (run them as one user, or in one group)',
    )
  }
}
