/** Runs the writer on files of pipe lines, through a real pipe to committed rows, and times it. */

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
const PIPE = 'netflow.pipe'
/** Asking for the committed bytes costs CPU of writer and server, so it is done seldom. */
const POLL_MS = 50
/** The same during the last batches, whose commits are to be timed. */
const LAST_POLL_MS = 5
const LAST_BATCHES = 4
/** A writer that commits nothing for this long has failed. */
const STALLED_MS = 60_000

export interface WriterOptions {
  readonly database: BenchDatabase
  /** Parent of the folder for the writer's files. */
  readonly folder: string
  readonly lanes: number
  /** Compute rollups meanwhile. Default: not, as that is no part of loading. */
  readonly rollups?: boolean
}

export interface WriterRun {
  readonly rowsPerSecond: number
  /** CPU seconds per million flows. */
  readonly writerCpu: number | undefined
  readonly serverCpu: number | undefined
}

/** A running writer. */
export class BenchWriter {
  readonly #database: BenchDatabase
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(database: BenchDatabase, folder: string, writer: ChildProcess) {
    this.#database = database
    this.#folder = folder
    this.#process = writer
  }

  /** Starts a writer; `stop` it in the end. */
  static async start(options: WriterOptions): Promise<BenchWriter> {
    const folder = await mkdtemp(join(options.folder, 'writer-'))
    return new BenchWriter(options.database, folder, await startWriter(folder, options))
  }

  /**
   * Feeds a file and waits until all of it is committed.
   *
   * @param feedPipe brings the lines into the pipe; default: cat
   */
  async load(lines: LineFile, feedPipe: FeedPipe = feedByCat): Promise<WriterRun> {
    const writer = this.#process
    const usage = () => ({
      writer: readTreeCpuSeconds(writer.pid as number),
      server: this.#database.readServerCpu('all but own'),
    })
    const before = usage()
    const feeder = await feedPipe(lines.path, join(this.#folder, PIPE))
    const rowsPerSecond = await feed(feeder, writer, this.#database, lines)
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
  /** Number of flows that are in the table and stay there. Default: the table is emptied. */
  readonly presentRows?: number
}

/** Runs one writer from start to end, and checks that every flow is stored once. */
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
  await database.checkFlows(lines.flows + (presentRows ?? 0))
  return run
}

async function startWriter(
  folder: string,
  { database, lanes, rollups = false }: WriterOptions,
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
      INDEX_ADDRESSES: 'none',
      ROLLUPS: rollups ? 'on' : 'off',
      ROLLUP_MINUTE_DAYS: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await new Promise<void>((resolve, reject) => {
    writer.once('message', () => resolve())
    writer.once('exit', (code) => reject(new Error(`the writer exited with ${code} at its start`)))
  })
  return writer
}

/** Something that is ready to bring a file of lines into a pipe. */
export interface Feeder {
  begin(): void
  end(): void
}

export type FeedPipe = (path: string, pipe: string) => Promise<Feeder>

/** Opens the pipe, reports it and waits for a line, as starting a process takes longer than a batch. */
const FEEDER = 'exec 3> "$1" && echo && read -r _ && exec cat "$0" >&3'

async function feedByCat(path: string, pipe: string): Promise<Feeder> {
  const child = spawn('sh', ['-c', FEEDER, path, pipe], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'readable')
  return { begin: () => child.stdin.end('\n'), end: () => child.kill() }
}

/**
 * Feeds a file and waits until all of it is committed.
 *
 * @returns rows per second up to the last whole batch; the remainder only waits for its age
 */
async function feed(
  feeder: Feeder,
  writer: ChildProcess,
  database: BenchDatabase,
  lines: LineFile,
): Promise<number> {
  const before = await database.committedBytes()
  const started = performance.now()
  feeder.begin()
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
      feeder.end()
      throw new Error(`the writer stopped after committing ${bytes} of ${lines.bytes} bytes`)
    }
  }
  // A file of one batch has only that one.
  const end = whole.bytes > 0 ? whole : last
  return ((end.bytes / lines.bytes) * lines.flows) / ((end.ms - started) / 1000)
}
