/**
 * A replay: the same bytes go through a pipe twice, once with a writer that is killed again and again,
 * and everything that is in the database afterwards must be the same.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { PipeEnd } from '../helpers/pipe-end.ts'
import { type Pipeline, startWriterAlone } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import { until } from '../helpers/until.ts'
import { makeReplayLines } from './replay-lines.ts'

export interface ReplayOptions {
  readonly kills: number
  readonly rounds: number
  readonly seed: number
  readonly progress: (text: string) => void
}

export interface ReplayReport {
  /** Problems; empty when there are none. */
  readonly problems: readonly string[]
  readonly kills: number
  readonly streamBytes: number
  readonly flows: number
  /** Rows of every table that were compared. */
  readonly rows: number
  readonly seconds: number
}

/** Small batches and segments, so that there are many. */
const WRITER_SETTINGS = {
  BATCH_ROWS: '2000',
  FLUSH_INTERVAL_MS: '50',
  JOURNAL_SEGMENT_BYTES: '262144',
  RETENTION_DAYS: '0',
}
const CHUNK_BYTES = 16_384
const LOAD_MS = 300_000
const LOADING_MS = 2_000

/**
 * Columns that depend on the run and not on the stream, by table: the journal's name, clock and batches;
 * notes of every few minutes of a start; measures from one message to the next, which a start
 * interrupts. All columns of other tables are compared.
 */
const OWN_PATHS: Readonly<Record<string, readonly string[]>> = {
  exporter_streams: ['clock_skew_ms'],
  stream_states: ['sequence_state,learned'],
  sequence_gaps: ['id', 'detected_at'],
  held_sets: ['id'],
  templates: ['last_seen', 'refresh_ms'],
  samplers: ['last_seen'],
  rejected_records: ['id', 'rejected_at'],
  journal_positions: ['updated_at', 'batches'],
}

/** All tables but the partitions of `flows` and notes of the clock, and the balance. */
const LIST_TABLES = `
  select relname as name from pg_class
  where relnamespace = 'public'::regnamespace and not relispartition
    and (relkind in ('r', 'p') and relname not in ('netflow_migrations', 'stream_history')
        and relname not like 'rollup%'
      or relname = 'balance')
  order by relname`

/**
 * Ids are given when a batch closes, and a set that was released within its batch gets none: they depend
 * on where batches end, their order does not.
 */
const HELD_SETS_BY_ARRIVAL = `(
  select held_sets.*, row_number() over (order by id) as arrival from held_sets
)`

/** The states of sequences as JSON, as a part of them is not compared. */
const STATES_AS_JSON = `(
  select exporter, export_version, observation_domain, journal,
    sequence_state::jsonb as sequence_state
  from stream_states
)`

/**
 * 192.0.2.5 sends random numbers, which jump all the time. The few datagrams of a jump that is not
 * decided yet are not stored, so a kill there changes which of them count as restarts or strays. What
 * was lost, late or stored is compared for it as for all others.
 */
const STREAMS_WITHOUT_OPEN_JUMPS = `(
  select (jsonb_populate_record(own, case when exporter = '192.0.2.5'
    then '{"strays": null, "restarts": null}' else '{}' end::jsonb)).*
  from exporter_streams as own
)`

const SOURCES: Readonly<Record<string, string>> = {
  exporter_streams: STREAMS_WITHOUT_OPEN_JUMPS,
  held_sets: HELD_SETS_BY_ARRIVAL,
  stream_states: STATES_AS_JSON,
}

type Dump = ReadonlyMap<string, readonly string[]>

export async function runReplay(options: ReplayOptions): Promise<ReplayReport> {
  const started = performance.now()
  const { seed, rounds, kills, progress } = options
  const bytes = makeReplayLines({ seed, rounds, startMs: Date.now() - 3_600_000 })
  const calm = await replay(bytes, { ...options, kills: 0 })
  progress(`replayed ${bytes.length} bytes without a kill`)
  const killed = await replay(bytes, options)
  progress(`replayed them with ${kills} kills`)
  return {
    problems: [...calm.problems, ...killed.problems, ...compare(calm.dump, killed.dump)],
    kills,
    streamBytes: bytes.length,
    flows: calm.dump.get('flows')?.length ?? 0,
    rows: [...calm.dump.values()].reduce((sum, rows) => sum + rows.length, 0),
    seconds: (performance.now() - started) / 1_000,
  }
}

async function replay(
  bytes: Buffer,
  { kills, seed }: ReplayOptions,
): Promise<{ readonly dump: Dump; readonly problems: readonly string[] }> {
  const pipeline = await startWriterAlone({ environment: WRITER_SETTINGS })
  try {
    const feeder = new PipeFeeder(pipeline.pipePath, bytes)
    const feeding = feeder.run()
    const killing = { kills, random: new Random(seed), feeder }
    const problems = await killAgainAndAgain(pipeline, killing)
    await feeding
    await until('everything is stored', () => isStored(pipeline, bytes.length), LOAD_MS)
    const code = await pipeline.end('writer')
    if (code !== 0) problems.push(`the writer exited with ${code} at the end`)
    return { dump: await dumpTables(pipeline), problems }
  } finally {
    await pipeline.stop()
  }
}

interface Killing {
  readonly kills: number
  readonly random: Random
  readonly feeder: PipeFeeder
}

async function killAgainAndAgain(
  pipeline: Pipeline,
  { kills, random, feeder }: Killing,
): Promise<string[]> {
  const problems: string[] = []
  let ready: Promise<unknown> = Promise.resolve()
  for (let kill = 1; kill <= kills; kill++) {
    feeder.allow(kill / (kills + 1))
    // At any moment, or among batches of which some are committed and some are not.
    if (random.below(2) === 0) await sleep(50 + random.below(1_200))
    else await untilLoading(pipeline)
    const { exitCode } = pipeline.writer
    if (exitCode !== null) problems.push(`the writer ended on its own, exit code ${exitCode}`)
    await pipeline.end('writer', 'SIGKILL')
    // It may be killed again before it is ready.
    ready = pipeline.startWriter().catch(() => {})
  }
  await ready
  feeder.allow(1)
  return problems
}

/** Writes bytes into a pipe as fast as the reader reads them, up to an allowed position. */
class PipeFeeder {
  readonly #path: string
  readonly #bytes: Buffer
  #allowed = 0

  constructor(path: string, bytes: Buffer) {
    this.#path = path
    this.#bytes = bytes
  }

  /** @param share of all bytes that may be in the pipe by now */
  allow(share: number): void {
    this.#allowed = Math.floor(this.#bytes.length * share)
  }

  async run(): Promise<void> {
    const pipe = new PipeEnd(this.#path)
    try {
      for (let at = 0; at < this.#bytes.length; ) {
        const end = Math.min(at + CHUNK_BYTES, this.#allowed)
        await pipe.write(this.#bytes.subarray(at, end))
        at = end
        await sleep(1)
      }
      // When the last process closes the pipe, the kernel drops its content.
      await sleep(500)
    } finally {
      pipe.close()
    }
  }
}

/** Waits until the writer commits what it had not before; not for ever, as there may be no more. */
async function untilLoading(pipeline: Pipeline): Promise<void> {
  const before = await readPosition(pipeline)
  const deadline = performance.now() + LOADING_MS
  while (performance.now() < deadline && (await readPosition(pipeline)) === before) await sleep(1)
}

async function isStored(pipeline: Pipeline, position: number): Promise<boolean> {
  return (await readPosition(pipeline)) === position
}

async function readPosition(pipeline: Pipeline): Promise<unknown> {
  const [row] = await pipeline.ask('select position::float8 as position from journal_positions')
  return row?.['position']
}

async function dumpTables(pipeline: Pipeline): Promise<Dump> {
  const dump = new Map<string, readonly string[]>()
  for (const { name } of await pipeline.ask(LIST_TABLES)) {
    const table = String(name)
    const ownPaths = ['journal', ...(OWN_PATHS[table] ?? [])]
    const without = ownPaths.map((path) => ` #- '{${path}}'`).join('')
    const source = SOURCES[table] ?? table
    const rows = await pipeline.ask(
      `select (to_jsonb(row)${without})::text as text from ${source} as row order by 1`,
    )
    dump.set(
      table,
      rows.map(({ text }) => String(text)),
    )
  }
  return dump
}

/** Lists the rows that only one of two dumps has, the first few of each table. */
function compare(calm: Dump, killed: Dump): string[] {
  const problems: string[] = []
  for (const [table, rows] of calm) {
    const others = killed.get(table) ?? []
    for (const row of subtract(rows, others)) problems.push(`${table}, missing: ${row}`)
    for (const row of subtract(others, rows)) problems.push(`${table}, unexpected: ${row}`)
  }
  return problems
}

function subtract(rows: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>()
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1)
  const missing = rows.filter((row) => {
    const count = left.get(row) ?? 0
    left.set(row, count - 1)
    return count <= 0
  })
  return missing.slice(0, 3)
}
