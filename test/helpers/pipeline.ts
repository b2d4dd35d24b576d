/**
 * Starts the real collector and the real writer as child processes around a pipe of their own, and
 * restarts or stops them with real signals. What it makes is removed again.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const MAIN = {
  collector: fileURLToPath(new URL('../../collector/main.js', import.meta.url)),
  writer: fileURLToPath(new URL('../../writer/main.js', import.meta.url)),
} as const

type Role = keyof typeof MAIN

export interface PipelineOptions {
  readonly databaseUrl: string
  /** Settings of both processes beside those that the pipeline needs itself. */
  readonly environment?: Readonly<Record<string, string>>
  /** Of the writer alone. */
  readonly writerEnvironment?: Readonly<Record<string, string>>
  /** Runs the writer: gets its main file and arguments behind its own. Default: Node.js. */
  readonly writerCommand?: readonly [command: string, ...args: string[]]
}

/** A process, and the ports it listens on once it has said that it is ready. */
interface Started {
  readonly child: ChildProcess
  readonly ready: Promise<readonly number[]>
}

export class Pipeline {
  readonly folder = mkdtempSync(join(tmpdir(), 'netflow-pipeline-'))
  readonly pipePath = join(this.folder, 'netflow.pipe')
  readonly journalPath = join(this.folder, 'journal')
  readonly #options: PipelineOptions
  readonly #log = { collector: '', writer: '' }
  #collector: Started | undefined
  #writer: Started | undefined
  #port = 0

  constructor(options: PipelineOptions) {
    this.#options = options
  }

  /** The UDP port that the collector listens on, the same after a restart. */
  get port(): number {
    return this.#port
  }

  get collector(): ChildProcess {
    if (!this.#collector) throw new Error('the collector is not running')
    return this.#collector.child
  }

  get writer(): ChildProcess {
    if (!this.#writer) throw new Error('the writer is not running')
    return this.#writer.child
  }

  /** What a process has logged so far, of all its starts: one JSON object a line. */
  logOf(role: Role): readonly Record<string, unknown>[] {
    // What is killed may leave half a line behind, and the next start one directly after it.
    const lines = this.#log[role].split('\n').filter((line) => /^\{.*\}$/.test(line))
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  async start(): Promise<void> {
    await this.startWriter()
    await this.startCollector()
  }

  /** Starts the writer, and waits until it has said that it is ready: with a database, for one. */
  async startWriter(): Promise<void> {
    this.#writer = this.#fork('writer')
    await this.#writer.ready
  }

  async startCollector(): Promise<void> {
    this.#collector = this.#fork('collector')
    this.#port = (await this.#collector.ready)[0] ?? this.#port
  }

  /** Stops a process; gives its exit code. */
  async end(role: Role, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const started = role === 'writer' ? this.#writer : this.#collector
    if (role === 'writer') this.#writer = undefined
    else this.#collector = undefined
    return started ? endChild(started.child, signal) : null
  }

  /** Stops the writer as an operator would and starts it again. */
  async restartWriter(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = await this.end('writer', signal)
    await this.startWriter()
    return code
  }

  /** Stops both, the collector first, and removes the pipe. */
  async stop(): Promise<void> {
    const writer = this.#writer?.child
    const hasReader = writer && writer.exitCode === null && writer.signalCode === null
    // It would wait for the next writer.
    await this.end('collector', hasReader ? 'SIGTERM' : 'SIGKILL')
    await this.end('writer')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #fork(role: Role): Started {
    const { environment, writerEnvironment, writerCommand } = this.#options
    const [execPath, ...execArgv] = (role === 'writer' && writerCommand) || [
      process.execPath,
      ...process.execArgv,
    ]
    const child = fork(MAIN[role], {
      execPath,
      execArgv,
      env: {
        ...process.env,
        DATABASE_URL: this.#options.databaseUrl,
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

/** Starts a pipeline; `stop` it when the test ends. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const pipeline = new Pipeline(options)
  try {
    await pipeline.start()
    return pipeline
  } catch (error) {
    await pipeline.stop()
    throw error
  }
}

/** Asks the database one question; survives a server that is away only by throwing. */
export async function queryRows(
  databaseUrl: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql, [...values])).rows
  } finally {
    await client.end()
  }
}
