/**
 * A pipeline for tests: a database, a collector and a writer around a pipe, and exporters. `stop`
 * removes all of it, and fails when the balance does not add up.
 */

import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import pg from 'pg'
import { type Content, createTestDatabase, startTestServer, type TestServer } from './database.ts'
import { encodeDatagramLine } from './datagram-line.ts'
import { FlowSender, type FlowSenderOptions } from './flow-sender.ts'
import { type LogLine, PipelineProcesses, type ProcessOptions } from './pipeline-processes.ts'
import { RawExporter } from './raw-exporter.ts'
import { until } from './until.ts'

export type Row = Record<string, unknown>

export interface PipelineOptions extends ProcessOptions {
  /** A database of somebody else's. Default: one of the pipeline's own. */
  readonly databaseUrl?: string
  /** The pipeline has its own PostgreSQL server, for tests that stop or kill it. */
  readonly ownServer?: boolean
  /** False: the writer finds an empty database. Default true. */
  readonly migrate?: boolean
  /** What the pipeline's own database has at first. */
  readonly content?: Content
  /** Why this test breaks the balance on purpose; then `stop` does not look at it. */
  readonly exemptFromBalance?: string
}

/** Rows are visible soon after they were sent. */
export const QUICK = { FLUSH_INTERVAL_MS: '20' } as const

/** The database of a pipeline, and what to do with it at the end. */
interface Place {
  readonly url: string
  readonly server?: TestServer
  readonly remove: () => Promise<void>
}

/** Errors of a connection to a server or database that is away: SQLSTATEs and the system's codes. */
const AWAY = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', '3D000', '57P01', '57P03'])

const UNBALANCED = `
  select coalesce(host(exporter), scope) as row, difference::int from balance
  where difference <> 0 order by 1`

export class Pipeline extends PipelineProcesses {
  readonly databaseUrl: string
  readonly #place: Place
  readonly #isBalanced: boolean
  readonly #pool: pg.Pool
  readonly #senders: { close(): void }[] = []
  #isStopped = false

  /** Use `preparePipeline` or `startPipeline`. */
  constructor(place: Place, options: PipelineOptions) {
    super(place.url, options)
    this.databaseUrl = place.url
    this.#place = place
    this.#isBalanced = options.exemptFromBalance === undefined
    this.#pool = new pg.Pool({ connectionString: place.url, max: 4, allowExitOnIdle: true })
    // An idle session whose server goes away; the next question opens another one.
    this.#pool.on('error', () => {})
  }

  /** The server of a pipeline that was asked for with `ownServer`. */
  get server(): TestServer {
    if (!this.#place.server) throw new Error('the pipeline has no server of its own')
    return this.#place.server
  }

  /** Makes an exporter that numbers its flows. */
  makeSender(options: Omit<FlowSenderOptions, 'port'>): FlowSender {
    const portOf = () => this.port
    const sender = new FlowSender({
      ...options,
      // Known when the collector listens.
      get port() {
        return portOf()
      },
    })
    this.#senders.push(sender)
    return sender
  }

  /** Makes an exporter that sends what the test hands it. */
  makeExporter(from?: string): RawExporter {
    const place = from === undefined ? {} : { from }
    const exporter = new RawExporter({ port: this.port, ...place })
    this.#senders.push(exporter)
    return exporter
  }

  /** Puts datagrams into the pipe as a collector does. Balanced only while no collector runs. */
  feed(address: string, ...datagrams: readonly Buffer[]): void {
    const lines = datagrams.map((bytes) => encodeDatagramLine(bytes, Date.now(), address, 2055))
    appendFileSync(this.pipePath, lines.join(''))
  }

  /** Asks the database; of several statements the last one's rows. Throws while its server is away. */
  async ask(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const result: pg.QueryResult | readonly pg.QueryResult[] = await this.#pool.query(sql, [
      ...values,
    ])
    const last = Array.isArray(result) ? result.at(-1) : result
    return last.rows
  }

  /** Waits until a query returns exactly these rows. */
  async expectRows(sql: string, rows: readonly object[]): Promise<void> {
    let found: readonly object[] = []
    const expected = JSON.stringify(rows)
    await until(`${sql} returns ${expected}`, async () => {
      found = await this.ask(sql)
      return JSON.stringify(found) === expected
    }).catch(() => assert.deepEqual(found, rows))
  }

  /** Waits until a query that returns one number returns this one. */
  async expectNumber(sql: string, expected: number, deadlineMs?: number): Promise<void> {
    let found: unknown
    const check = async () => {
      found = Object.values((await this.ask(sql))[0] ?? {})[0]
      return Number(found) === expected
    }
    await until(sql, check, deadlineMs).catch(() => assert.equal(found, expected, sql))
  }

  /** Waits for a line in the log of the writer, of any of its starts; returns the first. */
  waitForLine(text: RegExp): Promise<LogLine> {
    return until(`a line like ${text}`, () => this.findLines(text)[0])
  }

  findLines(text: RegExp): LogLine[] {
    return this.logOf('writer').filter(({ msg }) => text.test(String(msg)))
  }

  /** Ends the processes in order, checks the balance, and removes everything. May be called twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    for (const sender of this.#senders.splice(0)) sender.close()
    try {
      await this.finish()
      if (this.#isBalanced && this.hasWriterRun) await this.#assertBalance()
    } finally {
      await this.#pool.end()
      await this.#place.remove()
      this.removeFolder()
    }
  }

  async #assertBalance(): Promise<void> {
    const unbalanced = await this.ask(UNBALANCED).catch((error: Error & { code?: string }) => {
      if (AWAY.has(error.code ?? '') || /^Connection terminated/.test(error.message)) return []
      throw error
    })
    assert.deepEqual(unbalanced, [], 'the balance does not add up')
  }
}

async function findPlace(options: PipelineOptions): Promise<Place> {
  const { databaseUrl, ownServer, migrate = true, content } = options
  if (databaseUrl !== undefined) return { url: databaseUrl, remove: async () => {} }
  if (ownServer) {
    const server = await startTestServer()
    return { url: server.url, server, remove: () => server.stop('immediate') }
  }
  const database = await createTestDatabase({ migrate, ...(content && { content }) })
  return { url: database.url, remove: () => database.drop() }
}

/** Makes a pipeline whose processes do not run yet; `stop` it when the test ends. */
export async function preparePipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  return new Pipeline(await findPlace(options), options)
}

/** Starts a pipeline; `stop` it when the test ends. */
export async function startPipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  const pipeline = await preparePipeline(options)
  try {
    await pipeline.start()
    return pipeline
  } catch (error) {
    await pipeline.stop()
    throw error
  }
}

/** Starts a pipeline without a collector: the test feeds the pipe. `stop` it when the test ends. */
export async function startWriterAlone(options: PipelineOptions = {}): Promise<Pipeline> {
  const pipeline = await preparePipeline(options)
  try {
    await pipeline.startWriter()
    return pipeline
  } catch (error) {
    await pipeline.stop()
    throw error
  }
}

/** Asks a database one question in a session of its own; throws while its server is away. */
export async function queryRows(
  databaseUrl: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql, [...values])).rows
  } finally {
    await client.end()
  }
}
