/**
 * Runs a fresh writer on a file of pipe lines, through a real pipe to committed rows, and times it.
 * It checks that every flow is there once.
 */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { perMillion } from './bare-copy.ts'
import type { BenchDatabase } from './bench-database.ts'
import type { ClockRange } from './cpu-profile.ts'
import { endProcess } from './end-process.ts'
import type { LineFile } from './line-file.ts'
import { readTreeCpuSeconds } from './process-usage.ts'

const WRITER = fileURLToPath(new URL('../../writer/main.js', import.meta.url))
const POLL_MS = 5
/** A writer that commits nothing for so long will not. */
const STALLED_MS = 60_000

export interface WriterRunOptions {
  readonly database: BenchDatabase
  readonly lines: LineFile
  readonly folder: string
  readonly lanes: number
  /** Flows that are in the table already; they stay. Default: none, and the table is emptied. */
  readonly presentRows?: number
  /**
   * Lines that go before and are not timed: a writer runs for months, but compiles its code in the
   * first seconds. The table is emptied behind them. Default: none.
   */
  readonly warmUp?: LineFile | undefined
  /** Options of Node.js for the writer. */
  readonly nodeOptions?: readonly string[]
}

export interface WriterRun {
  readonly rowsPerSecond: number
  /** CPU seconds a million flows. */
  readonly writerCpu: number | undefined
  readonly serverCpu: number | undefined
  /** From the first byte until all is committed. */
  readonly loading: ClockRange
}

/** Runs one writer from its start to its end. */
export async function runWriter(options: WriterRunOptions): Promise<WriterRun> {
  const { database, lines, warmUp, presentRows } = options
  await database.empty(presentRows === undefined ? 'all' : 'all but flows')
  const folder = await mkdtemp(join(options.folder, 'writer-'))
  const pipe = join(folder, PIPE)
  const writer = await startWriter(folder, options)
  try {
    if (warmUp) {
      await feed(pipe, writer, database, warmUp)
      await database.empty('flows')
    }
    const usage = () => ({
      writer: readTreeCpuSeconds(writer.pid as number),
      server: database.readServerCpu('all but own'),
    })
    const fromMicros = clockMicros()
    const before = usage()
    const rowsPerSecond = await feed(pipe, writer, database, lines)
    const after = usage()
    const loading = { fromMicros, toMicros: clockMicros() }
    await endProcess(writer)
    await checkRows(options)
    return {
      rowsPerSecond,
      writerCpu: perMillion(before.writer, after.writer, lines.flows),
      serverCpu: perMillion(before.server, after.server, lines.flows),
      loading,
    }
  } finally {
    await endProcess(writer)
    await rm(folder, { recursive: true })
  }
}

const PIPE = 'netflow.pipe'

function clockMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

async function startWriter(
  folder: string,
  { database, lanes, nodeOptions }: WriterRunOptions,
): Promise<ChildProcess> {
  const writer = fork(WRITER, {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      NAMED_PIPE_FILENAME: join(folder, PIPE),
      JOURNAL_DIR: join(folder, 'journal'),
      COPY_LANES: String(lanes),
      RETENTION_DAYS: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'error',
    },
    execArgv: [...(nodeOptions ?? [])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await new Promise<void>((resolve, reject) => {
    writer.once('message', () => resolve())
    writer.once('exit', (code) => reject(new Error(`the writer ended with ${code} at its start`)))
  })
  return writer
}

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
  const started = performance.now()
  const feeder = spawn('sh', ['-c', 'exec cat "$0" > "$1"', lines.path, pipe], { stdio: 'inherit' })
  let last = { bytes: 0, ms: started }
  let whole = last
  while (last.bytes < lines.bytes) {
    await sleep(POLL_MS)
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

async function checkRows({ database, lines, presentRows }: WriterRunOptions): Promise<void> {
  const expected = lines.flows + (presentRows ?? 0)
  const stored = await database.countFlows()
  if (stored !== expected) throw new Error(`${stored} rows are stored, not ${expected}`)
}
