/** Pipelines of one database whose balance is looked at; see the tests of the balance. */

import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts'
import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import { FlowSender } from '../helpers/flow-sender.ts'
import { Pipeline, queryRows } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

/** Flows in each datagram of a sender. */
export const FLOWS = 3

export type Row = Record<string, unknown>

/** Gives the numbers of a row that are not 0, bigints as numbers. */
export function nonZero(row: Row | undefined): Row {
  const entries = Object.entries(row ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value,
  ])
  return Object.fromEntries(entries.filter(([, value]) => value !== 0))
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** Sums a metric by one of its labels; what is 0 is left out. */
export async function readMetric(port: number, name: string, label: string): Promise<Row> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const sums: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (found?.[1] !== name) continue
    const key = new RegExp(`${label}="([^"]*)"`).exec(found[2] ?? '')?.[1] ?? ''
    sums[key] = (sums[key] ?? 0) + Number(found[3])
  }
  return nonZero(sums)
}

/** A database, pipelines that load into it, and exporters. */
export class BalanceHarness {
  readonly database: TestDatabase
  readonly #pipelines: Pipeline[] = []
  readonly #senders: FlowSender[] = []

  private constructor(database: TestDatabase) {
    this.database = database
  }

  static async start(options: { migrate?: boolean } = {}): Promise<BalanceHarness> {
    return new BalanceHarness(await createTestDatabase(options))
  }

  async stop(): Promise<void> {
    for (const sender of this.#senders.splice(0)) sender.close()
    await Promise.all(this.#pipelines.splice(0).map((pipeline) => pipeline.stop()))
    await this.database.drop()
  }

  /** Makes a pipeline that does not run yet. */
  makePipeline(environment: Record<string, string> = {}): Pipeline {
    const databaseUrl = this.database.url
    const quick = { FLUSH_INTERVAL_MS: '100', ...environment }
    const pipeline = new Pipeline({ databaseUrl, environment: quick })
    this.#pipelines.push(pipeline)
    return pipeline
  }

  async startPipeline(environment: Record<string, string> = {}): Promise<Pipeline> {
    const pipeline = this.makePipeline(environment)
    await pipeline.start()
    return pipeline
  }

  makeSender({ port }: Pipeline, from: string, exportVersion: 5 | 9 = 5): FlowSender {
    const sender = new FlowSender({ port, from, exportVersion, flowsPerDatagram: FLOWS })
    this.#senders.push(sender)
    return sender
  }

  ask(sql: string): Promise<Row[]> {
    return queryRows(this.database.url, sql)
  }

  /** The total row of the balance. */
  async total(): Promise<Row> {
    const [total] = await this.ask(`select * from balance where scope = 'total'`)
    return total ?? {}
  }

  /** The columns of one row of the balance that are not 0, without those about collectors. */
  async balanceOf(condition: string): Promise<Row> {
    const [row] = await this.ask(
      `select received, decoded, held, expired, rejected, refused, duplicates, records, stored,
         parked, not_stored, difference
       from balance where ${condition}`,
    )
    return nonZero(row)
  }

  /** Waits until a row of the balance is just this. */
  async expectBalance(condition: string, expected: Row): Promise<void> {
    let found: Row = {}
    await until(condition, async () => {
      found = await this.balanceOf(condition)
      return JSON.stringify(found) === JSON.stringify(expected)
    }).catch(() => assert.deepEqual(found, expected))
  }

  /** Waits until the latest report of every collector is its final one; gives the total. */
  async totalAfterFinalReports(collectors: number): Promise<Row> {
    return until(`${collectors} final reports`, async () => {
      const [row] = await this.ask('select count(*)::int as n from collector_reports where final')
      return row?.['n'] === collectors && this.total()
    })
  }
}

/** Puts datagrams into the pipe as a collector does. */
export function feed(pipeline: Pipeline, address: string, ...datagrams: readonly Buffer[]): void {
  const lines = datagrams.map((bytes) => encodeDatagramLine(bytes, Date.now(), address, 2055))
  appendFileSync(pipeline.pipePath, lines.join(''))
}
