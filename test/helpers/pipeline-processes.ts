/**
 * Starts the real collector and the real writer as child processes around a pipe of their own, and
 * restarts or stops them with real signals.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = {
  collector: fileURLToPath(new URL('../../collector/main.js', import.meta.url)),
  writer: fileURLToPath(new URL('../../writer/main.js', import.meta.url)),
} as const

export type Role = keyof typeof MAIN
/** A line of a process's log. */
export type LogLine = Readonly<Record<string, unknown>>

export interface ProcessOptions {
  /** Settings of both processes beside those that the pipeline needs itself. */
  readonly environment?: Readonly<Record<string, string>>
  /** Settings of the writer alone. */
  readonly writerEnvironment?: Readonly<Record<string, string>>
  /** Runs the writer; its main file and arguments are appended. Default: Node.js. */
  readonly writerCommand?: readonly [command: string, ...args: string[]]
}

/** A process, and the ports that it reports when it is ready. */
interface Started {
  readonly child: ChildProcess
  readonly ready: Promise<readonly number[]>
}

export class PipelineProcesses {
  readonly folder = mkdtempSync(join(tmpdir(), 'netflow-pipeline-'))
  readonly pipePath = join(this.folder, 'netflow.pipe')
  readonly journalPath = join(this.folder, 'journal')
  readonly #options: ProcessOptions
  readonly #databaseUrl: string
  readonly #log = { collector: '', writer: '' }
  readonly #started: { [role in Role]?: Started | undefined } = {}
  #port = 0
  #hasWriterRun = false

  constructor(databaseUrl: string, options: ProcessOptions = {}) {
    this.#databaseUrl = databaseUrl
    this.#options = options
  }

  /** The UDP port of the collector, the same after a restart. */
  get port(): number {
    return this.#port
  }

  get collector(): ChildProcess {
    return this.#childOf('collector')
  }

  get writer(): ChildProcess {
    return this.#childOf('writer')
  }

  /** Whether a writer was ever ready, so that the database has tables. */
  get hasWriterRun(): boolean {
    return this.#hasWriterRun
  }

  #childOf(role: Role): ChildProcess {
    const started = this.#started[role]
    if (!started) throw new Error(`the ${role} is not running`)
    return started.child
  }

  /** Reads the log of a process, of all its starts: one JSON object a line. */
  logOf(role: Role): readonly LogLine[] {
    // A killed process may leave half a line, and the next start continues it.
    const lines = this.#log[role].split('\n').filter((line) => /^\{.*\}$/.test(line))
    return lines.map((line) => JSON.parse(line) as LogLine)
  }

  /** Starts both processes and waits until both are ready. */
  async start(): Promise<void> {
    await Promise.all([this.startWriter(), this.startCollector()])
  }

  /** Starts the writer, and waits until it is ready, which takes a database. */
  async startWriter(): Promise<void> {
    const started = this.#fork('writer')
    this.#started.writer = started
    await started.ready
    this.#hasWriterRun = true
  }

  /** Starts the collector, and waits until it listens. */
  async startCollector(): Promise<void> {
    const started = this.#fork('collector')
    this.#started.collector = started
    this.#port = (await started.ready)[0] ?? this.#port
  }

  /** Stops a process; returns its exit code. */
  async end(role: Role, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const started = this.#started[role]
    this.#started[role] = undefined
    return started ? endChild(started.child, signal) : null
  }

  /** Stops the writer as an operator would and starts it again. */
  async restartWriter(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = await this.end('writer', signal)
    await this.startWriter()
    return code
  }

  /** Kills the writer and starts it again. */
  async killWriter(): Promise<void> {
    await this.restartWriter('SIGKILL')
  }

  /** Stops the collector, then the writer, which loads what it has read. */
  async finish(): Promise<void> {
    const writer = this.#started.writer?.child
    const hasReader = writer && writer.exitCode === null && writer.signalCode === null
    // Without a reader, a collector that is asked to stop waits for the next one.
    await this.end('collector', hasReader ? 'SIGTERM' : 'SIGKILL')
    await this.end('writer')
  }

  protected removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #fork(role: Role): Started {
    const { environment, writerEnvironment, writerCommand } = this.#options
    // Without the options of the test process, which slow a start down.
    const [execPath, ...execArgv] = (role === 'writer' && writerCommand) || [process.execPath]
    const child = fork(MAIN[role], {
      execPath,
      execArgv,
      env: {
        ...process.env,
        DATABASE_URL: this.#databaseUrl,
        NAMED_PIPE_FILENAME: this.pipePath,
        JOURNAL_DIR: this.journalPath,
        NETFLOW_PORT: String(this.#port),
        METRICS_PORT: '0',
        ...environment,
        ...(role === 'writer' ? writerEnvironment : {}),
      },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#log[role] += text
    })
    child.stdout?.pipe(createWriteStream(join(this.folder, `${role}.log`), { flags: 'a' }))
    const ready = new Promise<readonly number[]>((resolve, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`the ${role} ended with ${code}:\n${this.#log[role]}`)),
      )
      child.once('message', (message: { ports?: number[] }) => resolve(message.ports ?? []))
    })
    return { child, ready }
  }
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.kill(signal)
  return ended
}
