/** Runs a FlowLoader against a database, and records its log and the end of each batch. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import { after, afterEach, before, beforeEach } from 'node:test'
import pg from 'pg'
import { pino } from 'pino'
import type { Logger } from '../../../shared/logger.ts'
import type { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import {
  FlowLoader,
  type FlowLoaderOptions,
  LoaderStoppedError,
} from '../../../writer/load/flow-loader.ts'
import type { RollupOptions } from '../../../writer/load/rollups/rollup-job.ts'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [fact: string]: unknown
}

/** Creates a logger that adds its lines to `lines`. */
export function recordingLogger(lines: LogLine[]): Logger {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine)
      done()
    },
  })
  return pino({ level: 'debug' }, sink)
}

/** The list of minutes is kept short, and nothing is computed. */
const NO_ROLLUPS: RollupOptions = {
  enabled: false,
  days: { minute: 7, hour: 400, day: 0 },
  depths: { hour: 200, day: 500 },
}

export class LoaderHarness {
  readonly lines: LogLine[] = []
  /** Batches in the order in which they were committed. */
  readonly released: CopyBatch[] = []
  /** Why batches can never be loaded. */
  readonly fatal: unknown[] = []
  readonly loader: FlowLoader
  readonly journalId: string
  #last: Promise<void> = Promise.resolve()

  constructor(databaseUrl: string, options: Partial<FlowLoaderOptions> = {}) {
    this.journalId = options.journalId ?? randomUUID()
    this.loader = new FlowLoader({
      databaseUrl,
      lanes: 2,
      partitionInterval: 'day',
      retentionDays: 0,
      rollups: NO_ROLLUPS,
      maxStreams: 1_000,
      journalId: this.journalId,
      journalDatabase: undefined,
      logger: recordingLogger(this.lines),
      ...options,
    })
  }

  /** Submits a batch, and notes its end in `released` or `fatal`. */
  submit(batch: CopyBatch): void {
    this.#last = this.loader.submit(batch)
    this.#last.then(
      () => this.released.push(batch),
      (error: unknown) => {
        if (!(error instanceof LoaderStoppedError)) this.fatal.push(error)
      },
    )
  }

  /** Waits until every submitted batch is committed. */
  committed(): Promise<void> {
    return this.#last
  }

  /** Waits for a line of the log that matches, and returns it. */
  waitForLine(message: RegExp): Promise<LogLine> {
    return until(`a line like ${message}`, () => this.lines.find(({ msg }) => message.test(msg)))
  }
}

/** The database of a suite, and the loader of its present test, which a test may replace. */
interface LoaderFixture {
  database: TestDatabase
  harness: LoaderHarness
}

/** Creates a database for a suite. Each of its tests gets empty tables and its own loader. */
export function useLoader(): LoaderFixture {
  // The hooks fill it before a test can read it.
  const fixture = {} as LoaderFixture
  before(async () => {
    fixture.database = await createTestDatabase()
  })
  after(() => fixture.database.drop())
  beforeEach(async () => {
    const { url } = fixture.database
    await ask(url, 'truncate flows, exporters, sequence_gaps, rejected_records cascade')
    fixture.harness = new LoaderHarness(url)
  })
  afterEach(async () => {
    await fixture.harness.loader.stop()
    assert.deepEqual(fixture.harness.fatal, [])
  })
  return fixture
}

/** Runs a statement on a connection of its own and returns its rows. */
export async function ask(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

/** Counts the rows of flows, and the different numbers in them. */
export async function countRows(url: string): Promise<{ rows: number; different: number }> {
  const [counts] = await ask(
    url,
    'select count(*)::int as rows, count(distinct bytes)::int as different from flows',
  )
  return counts as { rows: number; different: number }
}
