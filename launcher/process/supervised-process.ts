/** Keeps one child process running: forks it, restarts it after a crash, and stops it. */

import { type ChildProcess, fork } from 'node:child_process'
import type { Logger } from '../../shared/logger.ts'

interface SupervisedProcessOptions {
  readonly name: string
  /** The absolute path of the built module. */
  readonly modulePath: string
  readonly environment: NodeJS.ProcessEnv
  readonly logger: Logger
  /** A process that has not ended this long after SIGTERM is killed. */
  readonly stopDeadlineMs: number
  /** Called after each start, with the process's message that it is ready. */
  readonly onReady: (message: ReadyMessage) => void
  /** Called after each start and each end: `pid` has changed. */
  readonly onPid: () => void
  /**
   * Called once when a restart would not help: the process refused its settings (2), or it ended
   * before it was ready for the first time (1). It has logged the reason.
   */
  readonly onRefusal: (exitCode: 1 | 2) => void
  /** Replaces some of the restart delays in tests. */
  readonly delays?: Partial<RestartDelays>
}

/** A process sends this over IPC as soon as it works. */
export interface ReadyMessage {
  readonly type: 'ready'
  /** The collector's UDP ports. */
  readonly ports?: readonly number[]
  /** The address of the page. */
  readonly url?: string
}

interface RestartDelays {
  readonly firstMs: number
  readonly longestMs: number
  /** After a crash of a process that ran this long, the delays begin anew. */
  readonly healthyMs: number
}

const DELAYS: RestartDelays = { firstMs: 200, longestMs: 10_000, healthyMs: 60_000 }
const EXIT_BAD_SETTINGS = 2
const EXIT_ERROR = 1

export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions
  readonly #delays: RestartDelays
  #child: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined
  #delayMs = 0
  #isWanted = false
  /** It was ready once, so its settings and rights are right. */
  #hasWorked = false

  constructor(options: SupervisedProcessOptions) {
    this.#options = options
    this.#delays = { ...DELAYS, ...options.delays }
  }

  /** The pid of the running process. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.#delayMs = this.#delays.firstMs
    this.#fork()
  }

  /** Stops the process and waits for its end; kills it after the deadline. */
  async stop(): Promise<void> {
    this.#isWanted = false
    clearTimeout(this.#timer)
    const child = this.#child
    if (!child) return
    const { name, logger, stopDeadlineMs } = this.#options
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const timer = setTimeout(() => {
      logger.error({ process: name, stopDeadlineMs }, `the ${name} does not stop; killing it`)
      child.kill('SIGKILL')
    }, stopDeadlineMs)
    await ended
    clearTimeout(timer)
  }

  #fork(): void {
    const { name, modulePath, environment, logger, onReady, onPid } = this.#options
    const startedAt = Date.now()
    const child = fork(modulePath, {
      env: environment,
      // In its own process group: Ctrl-C must reach only the launcher, which stops all in order.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    child.on('message', (message) => {
      if (!isReadyMessage(message)) return
      this.#hasWorked = true
      onReady(message)
    })
    const onEnd = (reason: number | string) => {
      this.#child = undefined
      onPid()
      this.#onExit(reason, Date.now() - startedAt)
    }
    child.once('exit', (code, signal) => onEnd(signal ?? code ?? 1))
    child.on('error', (error) => {
      logger.error({ err: error, process: name }, `the ${name} cannot be run or told to stop`)
      if (child.pid === undefined) onEnd('not started') // Without a pid, no exit follows.
    })
    onPid()
  }

  #onExit(reason: number | string, ranMs: number): void {
    if (!this.#isWanted) return
    const { name, logger, onRefusal } = this.#options
    if (reason === EXIT_BAD_SETTINGS || (reason === EXIT_ERROR && !this.#hasWorked)) {
      this.#isWanted = false
      onRefusal(reason)
      return
    }
    if (ranMs >= this.#delays.healthyMs) this.#delayMs = this.#delays.firstMs
    const delayMs = this.#delayMs
    this.#delayMs = Math.min(delayMs * 2, this.#delays.longestMs)
    logger.error({ process: name, reason, delayMs }, `the ${name} ended; starting it again`)
    this.#timer = setTimeout(() => this.#fork(), delayMs)
  }
}

function isReadyMessage(message: unknown): message is ReadyMessage {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
  )
}
