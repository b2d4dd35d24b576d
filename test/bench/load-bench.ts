/**
 * Times the writer from a file of pipe lines to committed rows, beside a bare binary COPY of the same
 * rows into an equal empty table, in turn on the same server.
 */

import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { encodeDatagramLine } from '../../shared/pipe-line.ts'
import { median } from './median.ts'
import type { SampleStream } from './sample-messages.ts'

const WRITER = fileURLToPath(new URL('../../writer/main.js', import.meta.url))
const RECEIVED_AT_MS = 1_790_000_000_000
const COPY_CHUNK_BYTES = 262_144

/** Medians; `ratio` is the writer's rows per second divided by the bare COPY's, round by round. */
export interface LoadFigures {
  readonly name: string
  readonly lanes: number
  readonly rows: number
  readonly writerRowsPerSecond: number
  readonly copyRowsPerSecond: number
  readonly ratio: number
  readonly writerCpuSeconds: number
}

export interface LoadBenchOptions {
  readonly databaseUrl: string
  readonly stream: SampleStream
  readonly rows: number
  readonly lanes: number
  readonly rounds: number
}

/** Runs the rounds; everything that they make is removed again. */
export async function benchLoad(options: LoadBenchOptions): Promise<LoadFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'netflow-bench-'))
  const client = new pg.Client({ connectionString: options.databaseUrl })
  await client.connect()
  try {
    const lines = join(folder, 'lines.jsonl')
    await writeLines(lines, options)
    const rounds: { writer: WriterRun; copySeconds: number }[] = []
    for (let round = 0; round <= options.rounds; round++) {
      const writer = await timeWriter(folder, lines, client, options)
      if (round === 0) await exportRows(client, join(folder, 'rows.bin'))
      const copySeconds = await timeCopy(client, join(folder, 'rows.bin'))
      if (round > 0) rounds.push({ writer, copySeconds })
    }
    const { stream, rows, lanes } = options
    return {
      name: stream.name,
      lanes,
      rows,
      writerRowsPerSecond: rows / median(rounds.map(({ writer }) => writer.seconds)),
      copyRowsPerSecond: rows / median(rounds.map(({ copySeconds }) => copySeconds)),
      ratio: median(rounds.map(({ writer, copySeconds }) => copySeconds / writer.seconds)),
      writerCpuSeconds: median(rounds.map(({ writer }) => writer.cpuSeconds)),
    }
  } finally {
    await client.end()
    rmSync(folder, { recursive: true })
  }
}

async function writeLines(path: string, { stream, rows }: LoadBenchOptions): Promise<void> {
  const file = createWriteStream(path)
  const count = rows / stream.flowsPerDatagram
  for (let index = 0; index < count; index++) {
    const line = encodeDatagramLine(
      stream.datagram(index),
      RECEIVED_AT_MS + index,
      '192.0.2.1',
      2055,
    )
    if (!file.write(line)) await new Promise((resolve) => file.once('drain', resolve))
  }
  await new Promise<void>((resolve) => file.end(resolve))
}

interface WriterRun {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Empties the table, feeds the file through a fresh writer, and waits for the last row. */
async function timeWriter(
  folder: string,
  lines: string,
  client: pg.Client,
  options: LoadBenchOptions,
): Promise<WriterRun> {
  const pipe = join(folder, 'netflow.pipe')
  const writer = fork(WRITER, {
    env: {
      ...process.env,
      DATABASE_URL: options.databaseUrl,
      NAMED_PIPE_FILENAME: pipe,
      JOURNAL_DIR: join(folder, 'journal'),
      COPY_LANES: String(options.lanes),
      // The last, partly filled batch must not wait out its age.
      FLUSH_INTERVAL_MS: '20',
      RETENTION_DAYS: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    await new Promise<void>((resolve, reject) => {
      writer.once('message', () => resolve())
      writer.once('exit', (code) => reject(new Error(`the writer ended with ${code}`)))
    })
    await client.query('truncate flows, exporters, sequence_gaps cascade')
    await client.query('checkpoint')
    const cpuBefore = cpuSeconds(writer)
    const started = performance.now()
    const cat = spawn('sh', ['-c', 'cat "$0" > "$1"', lines, pipe], { stdio: 'inherit' })
    await waitForRows(client, options.rows)
    const seconds = (performance.now() - started) / 1000
    if (cat.exitCode === null) await new Promise((resolve) => cat.once('exit', resolve))
    return { seconds, cpuSeconds: cpuSeconds(writer) - cpuBefore }
  } finally {
    writer.kill('SIGTERM')
    if (writer.exitCode === null) await new Promise((resolve) => writer.once('exit', resolve))
  }
}

/** The ledger is committed with the rows, and one row of it is cheap to read while they come. */
async function waitForRows(client: pg.Client, rows: number): Promise<void> {
  for (;;) {
    const { rows: found } = await client.query(
      'select sum(flow_records)::int as n from exporter_streams',
    )
    const stored = found[0]?.n ?? 0
    if (stored === rows) return
    if (stored > rows) throw new Error(`${stored} rows of ${rows}: something was stored twice`)
    await sleep(5)
  }
}

/** CPU of a child in seconds; 0 where /proc is missing. */
function cpuSeconds({ pid }: ChildProcess): number {
  try {
    const stat = execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' })
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

async function exportRows(client: pg.Client, path: string): Promise<void> {
  const rows = client.query(copyTo('copy (select * from flows) to stdout (format binary)'))
  await pipeline(rows, createWriteStream(path))
}

/** Copies the same rows into an empty table like `flows`, with one partition and its index. */
async function timeCopy(client: pg.Client, path: string): Promise<number> {
  await client.query('drop table if exists bench_flows')
  await client.query(
    'create table bench_flows (like flows including all) partition by range (received_at)',
  )
  const { rows } = await client.query('select min(received_at) as first from flows')
  const first: Date = rows[0].first
  const day = first.toISOString().slice(0, 10)
  const next = new Date(first.getTime() + 86_400_000).toISOString().slice(0, 10)
  await client.query(
    `create table bench_flows_day partition of bench_flows for values from ('${day}') to ('${next}')`,
  )
  await client.query('checkpoint')
  const started = performance.now()
  const copy = client.query(copyFrom('copy bench_flows from stdin (format binary)'))
  await pipeline(createReadStream(path, { highWaterMark: COPY_CHUNK_BYTES }), copy)
  const seconds = (performance.now() - started) / 1000
  await client.query('drop table bench_flows')
  return seconds
}
