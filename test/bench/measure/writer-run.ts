/**
 * Runs a writer on files of pipe lines, through a real pipe to committed rows, and times it. It checks
 * that every flow is there once.
 */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BATCH_ROWS, type LineFile } from '../traffic/line-file.ts'
import { perMillion } from './bare-copy.ts'
import type { BenchDatabase } from './bench-database.ts'
import { endProcess } from './end-process.ts'
import { readTreeCpuSeconds } from './process-usage.ts'

const WRITER = fileURLToPath(new URL('../../../writer/main.js', import.meta.url))
/** How often it is asked what is committed: seldom, as that takes CPU from writer and server. */
const POLL_MS = 50
/** The same while the last batches are on their way. */
const LAST_POLL_MS = 5
const LAST_BATCHES = 4
/** A writer that commits nothing for so long will not. */
const STALLED_MS = 60_000

export interface WriterOptions {
  readonly database: BenchDatabase
  /** For its files. */
  readonly folder: string
  readonly lanes: number
}

export interface WriterRun {
  readonly rowsPerSecond: number
  /** CPU seconds a million flows. */
  readonly writerCpu: number | undefined
  readonly serverCpu: number | undefined
}

/** A writer that runs; to be stopped. */
export class BenchWriter {
  readonly #database: BenchDatabase
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(database: BenchDatabase, folder: string, writer: ChildProcess) {
    this.#database = database
    this.#folder = folder
    this.#process = writer
  }

  static async start(options: WriterOptions): Promise<BenchWriter> {
    const folder = await mkdtemp(join(options.folder, 'writer-'))
    return new BenchWriter(options.database, folder, await startWriter(folder, options))
  }

  /** Feeds a file and waits until all of it is committed. */
  async load(lines: LineFile): Promise<WriterRun> {
    const writer = this.#process
    const usage = () => ({
      writer: readTreeCpuSeconds(writer.pid as number),
      server: this.#database.readServerCpu('all but own'),
    })
    const before = usage()
    const rowsPerSecond = await feed(join(this.#folder, PIPE), writer, this.#database, lines)
    const after = usage()
    return {
      rowsPerSecond,
      writerCpu: perMillion(before.writer, after.writer, lines.flows),
      serverCpu: perMillion(before.server, after.server, lines.flows),
    }
  }

  async stop(): Promise<void> {
    await endProcess(this.#process)
    await rm(this.#folder, { recursive: true })
  }
}

export interface WriterRunOptions extends WriterOptions {
  readonly lines: LineFile
  /** Flows that are in the table already; they stay. Default: none, and the table is emptied. */
  readonly presentRows?: number
}

/** Runs one writer from its start to its end. */
export async function runWriter(options: WriterRunOptions): Promise<WriterRun> {
  const { database, lines, presentRows } = options
  await database.empty(presentRows === undefined ? 'all' : 'all but flows')
  const writer = await BenchWriter.start(options)
  let run: WriterRun
  try {
    run = await writer.load(lines)
  } finally {
    await writer.stop()
  }
  await checkRows(database, lines.flows + (presentRows ?? 0))
  return run
}

const PIPE = 'netflow.pipe'

async function startWriter(
  folder: string,
  { database, lanes }: WriterOptions,
): Promise<ChildProcess> {
  const writer = fork(WRITER, {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      NAMED_PIPE_FILENAME: join(folder, PIPE),
      JOURNAL_DIR: join(folder, 'journal'),
      COPY_LANES: String(lanes),
      BATCH_ROWS: String(BATCH_ROWS),
      RETENTION_DAYS: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await new Promise<void>((resolve, reject) => {
    writer.once('message', () => resolve())
    writer.once('exit', (code) => reject(new Error(`the writer ended with ${code} at its start`)))
  })
  return writer
}

/** Opens the pipe, says so, and waits for a line: to start a process takes longer than a batch. */
const FEEDER = 'exec 3> "$1" && echo && read -r _ && exec cat "$0" >&3'

/**
 * Feeds the file and waits until all of it is committed.
 *
 * @returns rows a second up to the last whole batch: the rest waits for its age, not for the database
 */
async function feed(
  pipe: string,
  writer: ChildProcess,
  database: BenchDatabase,
  lines: LineFile,
): Promise<number> {
  const before = await database.committedBytes()
  const feeder = spawn('sh', ['-c', FEEDER, lines.path, pipe], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(feeder.stdout, 'readable')
  const started = performance.now()
  feeder.stdin.end('\n')
  let last = { bytes: 0, ms: started }
  let whole = last
  const lastBytes = (lines.bytes / lines.flows) * BATCH_ROWS * LAST_BATCHES
  while (last.bytes < lines.bytes) {
    await sleep(lines.bytes - last.bytes > lastBytes ? POLL_MS : LAST_POLL_MS)
    const bytes = (await database.committedBytes()) - before
    const ms = performance.now()
    if (bytes > last.bytes) {
      if (last.bytes > 0) whole = last
      last = { bytes, ms }
    } else if (ms - last.ms > STALLED_MS || writer.exitCode !== null) {
      feeder.kill()
      throw new Error(`the writer has committed ${bytes} of ${lines.bytes} bytes, and no more`)
    }
  }
  // A file of one batch has no other.
  const end = whole.bytes > 0 ? whole : last
  return ((end.bytes / lines.bytes) * lines.flows) / ((end.ms - started) / 1000)
}

/** @throws when the table does not hold so many rows */
export async function checkRows(database: BenchDatabase, expected: number): Promise<void> {
  const stored = await database.countFlows()
  if (stored !== expected) throw new Error(`${stored} rows are stored, not ${expected}`)
}
