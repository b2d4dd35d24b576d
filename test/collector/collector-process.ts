/** Runs the built collector as a child process. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from '../helpers/until.ts'

const MAIN = fileURLToPath(new URL('../../collector/main.js', import.meta.url))

/** One line of the child's log. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [key: string]: unknown
}

export class CollectorProcess {
  readonly #child: ChildProcess
  readonly #exit: Promise<number | null>
  readonly log: LogLine[] = []
  /** The ports that the child reported as ready. */
  ports: readonly number[] = []

  private constructor(child: ChildProcess) {
    this.#child = child
    // A child that was disconnected emits no 'close', so the end of its log is awaited separately.
    const logEnd = child.stdout ? once(child.stdout, 'close') : undefined
    this.#exit = once(child, 'exit').then(async ([code]) => {
      await logEnd
      return code as number | null
    })
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) this.log.push(JSON.parse(line) as LogLine)
    })
    child.on('message', (message: { type: string; ports: readonly number[] }) => {
      if (message.type === 'ready') this.ports = message.ports
    })
  }

  /**
   * Starts a collector on a port that the kernel chooses. `settings` override these defaults;
   * `nodeOptions` are options of Node.
   */
  static spawn(
    settings: Readonly<Record<string, string>>,
    nodeOptions: readonly string[] = [],
  ): CollectorProcess {
    const defaults = { NETFLOW_PORT: '0', METRICS_PORT: '0', UDP_RECEIVE_BUFFER_BYTES: '2097152' }
    const env = { PATH: process.env['PATH'] ?? '', ...defaults, ...settings }
    return new CollectorProcess(
      fork(MAIN, {
        env,
        execArgv: [...nodeOptions],
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      }),
    )
  }

  /** Starts a collector and waits until it listens. */
  static async start(
    settings: Readonly<Record<string, string>>,
    nodeOptions: readonly string[] = [],
  ): Promise<CollectorProcess> {
    const collector = CollectorProcess.spawn(settings, nodeOptions)
    await until('the collector listens', () => collector.ports.length > 0)
    return collector
  }

  get port(): number {
    return this.ports[0] ?? 0
  }

  /** The exit code, once the child has ended. */
  get exit(): Promise<number | null> {
    return this.#exit
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  disconnect(): void {
    this.#child.disconnect()
  }

  /** Stops the child. @returns its exit code */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM')
    return this.#exit
  }

  /** Kills the child, unless it has ended. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#exit
  }

  find(message: RegExp): LogLine | undefined {
    return this.log.find(({ msg }) => message.test(msg))
  }
}
