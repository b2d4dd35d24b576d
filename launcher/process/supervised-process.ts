/**
 * Keeps one child process running: forks it, restarts it when it crashes, stops it. It does not
 * know what the process does.
 */

import { type ChildProcess, fork } from 'node:child_process'
import type { Logger } from '../../shared/logger.ts'

interface SupervisedProcessOptions {
  readonly name: string
  /** The built module, absolute. */
  readonly modulePath: string
  readonly environment: NodeJS.ProcessEnv
  readonly logger: Logger
  /** The process is killed when it has not ended by itself this long after SIGTERM. */
  readonly stopDeadlineMs: number
  /** Called with what the process says when it is ready, after each start. */
  readonly onReady: (message: ReadyMessage) => void
  /** Called after each start and end: `pid` has changed. */
  readonly onPid: () => void
  /** Called once when a restart would not help: the process ended with 2, which means bad settings. */
  readonly onBadSettings: () => void
  /** Overrides of the restart delays, for tests. */
  readonly delays?: Partial<RestartDelays>
}

/** What a process sends over IPC when it does its work. */
export interface ReadyMessage {
  readonly type: 'ready'
  /** The collector's UDP ports. */
  readonly ports?: readonly number[]
}

interface RestartDelays {
  readonly firstMs: number
  readonly longestMs: number
  /** A process that ran this long before it crashed begins with the first delay again. */
  readonly healthyMs: number
}

const DELAYS: RestartDelays = { firstMs: 200, longestMs: 10_000, healthyMs: 60_000 }
const EXIT_BAD_SETTINGS = 2

export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions
  readonly #delays: RestartDelays
  #child: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined
  #delayMs = 0
  #isWanted = false

  constructor(options: SupervisedProcessOptions) {
    this.#options = options
    this.#delays = { ...DELAYS, ...options.delays }
  }

  /** The pid while the process runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.#delayMs = this.#delays.firstMs
    this.#fork()
  }

  /** Asks the process to end, waits for it, and kills it after the deadline. */
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
      // A process group of its own: Ctrl-C must reach only this process, which stops all in order.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    child.on('message', (message) => {
      if (isReadyMessage(message)) onReady(message)
    })
    const onEnd = (reason: number | string) => {
      this.#child = undefined
      onPid()
      this.#onExit(reason, Date.now() - startedAt)
    }
    child.once('exit', (code, signal) => onEnd(signal ?? code ?? 1))
    child.on('error', (error) => {
      logger.error({ err: error, process: name }, `the ${name} cannot be run or told to stop`)
      if (child.pid === undefined) onEnd('not started') // Then there is no exit either.
    })
    onPid()
  }

  #onExit(reason: number | string, ranMs: number): void {
    if (!this.#isWanted) return
    const { name, logger, onBadSettings } = this.#options
    if (reason === EXIT_BAD_SETTINGS) {
      this.#isWanted = false
      onBadSettings()
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
