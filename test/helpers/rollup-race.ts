/**
 * Two pipelines load flows of old and new minutes into one database, their jobs compute rollups, and
 * one of the writers is killed, while readers compare answers from rollups and from flows in one
 * snapshot.
 */

import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { encodeDatagramLine } from './datagram-line.ts'
import { encodeNumbered } from './numbered-messages.ts'
import { type Pipeline, QUICK, startWriterAlone } from './pipeline.ts'
import { Random } from './random.ts'
import { marginsOf } from './rollup-harness.ts'
import { until } from './until.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** How long, how much, and what goes wrong meanwhile. */
export interface RaceOptions {
  readonly ms: number
  readonly kills: number
  /** Kills the server as well, after each kill of a writer. */
  readonly killsServer?: true
  /** Datagrams of each pipeline in every turn of 20 ms. */
  readonly datagrams: number
  readonly readers: number
  /** The flows are spread over this many past hours. */
  readonly hours: number
  readonly seed: number
}

export interface RaceReport {
  readonly comparisons: number
  /** Comparisons in which rollups answered a part. */
  readonly withRollups: number
  readonly flows: number
}

const QUESTIONS = [
  `select bucket, key, bytes, packets, flows from traffic($1, $2, '1 minute', 'all')`,
  `select bucket, key, bytes, packets, flows from traffic($1, $2, '1 hour', 'protocol')`,
  `select bucket, key, bytes, packets, flows from traffic($1, $2, '1 day', 'exporter')`,
  `select sum(bytes) as bytes, sum(packets) as packets, sum(flows) as flows from top_talkers($1, $2, 'src')`,
]

class Feeder {
  readonly #pipe: number
  readonly #address: string
  readonly #random: Random
  readonly #hours: number
  #sequence = 0
  flows = 0

  constructor(pipeline: Pipeline, address: string, { hours, seed }: RaceOptions) {
    // Open for reading as well: a write does not wait for a writer that is killed.
    this.#pipe = openSync(pipeline.pipePath, 'r+')
    this.#address = address
    this.#hours = hours
    this.#random = new Random(seed)
  }

  send(datagrams: number): void {
    const lines: string[] = []
    const now = Date.now()
    for (let sent = 0; sent < datagrams; sent++) {
      const age = this.#random.below(10) < 3 ? 0 : this.#random.below(this.#hours * HOUR_MS)
      const header = { now, uptimeMs: 1e6, sequence: this.#sequence, domain: 0 }
      const flows = { first: this.#sequence, count: 3, withTemplate: false }
      lines.push(
        encodeDatagramLine(encodeNumbered(5, header, flows), now - age, this.#address, 2055),
      )
      this.#sequence += 3
    }
    this.flows += datagrams * 3
    writeSync(this.#pipe, lines.join(''))
  }

  close(): void {
    closeSync(this.#pipe)
  }
}

class Reader {
  readonly #url: string
  #client: pg.Client | undefined
  comparisons = 0
  withRollups = 0

  constructor(url: string) {
    this.#url = url
  }

  async readUntil(isOver: () => boolean, hours: number): Promise<void> {
    for (let turn = 0; !isOver(); turn++) {
      const question = QUESTIONS[turn % QUESTIONS.length] as string
      const since = new Date(Date.now() - (hours + 1) * HOUR_MS)
      // The edges are uneven: parts of minutes, hours and days come from flows.
      const range = [since, new Date(Date.now() + MINUTE_MS - (turn % 7) * 9_999)]
      try {
        await this.#compare(question, range)
      } catch (error) {
        if (error instanceof assert.AssertionError || !isAway(error)) throw error
        this.#client = undefined
        await sleep(50)
      }
    }
    await this.#client?.end()
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client
    const client = new pg.Client({ connectionString: this.#url })
    // The question that finds it broken fails.
    client.on('error', () => {})
    await client.connect()
    this.#client = client
    return client
  }

  async #compare(question: string, range: readonly Date[]): Promise<void> {
    const client = await this.#connected()
    await client.query('begin isolation level repeatable read read only')
    const fromRollups = await client.query(question, [...range])
    const parts = await client.query(`select source from rollup_parts($1, $2, '{0,1,2}')`, [
      ...range,
    ])
    await client.query('set local netflow.rollups = off')
    const fromFlows = await client.query(question, [...range])
    await client.query('commit')
    assert.deepEqual(fromRollups.rows, fromFlows.rows, question)
    this.comparisons += 1
    if (parts.rows.some(({ source }) => source !== 'raw')) this.withRollups += 1
  }
}

/** Whether the server was away, not the question wrong. */
function isAway(error: unknown): boolean {
  const { code = '', severity } = error as { readonly code?: string; readonly severity?: string }
  return severity === undefined || /^(08|57P)/.test(code)
}

/** Margins must be equal wherever nothing is listed. */
async function assertSettled(pipeline: Pipeline): Promise<void> {
  const levels = [
    ['rollup_minute', 'minute', 0],
    ['rollup_hour', 'hour', 1],
    ['rollup_day', 'day', 2],
  ] as const
  for (const [table, interval, level] of levels) {
    const clean = (sql: string) => `
      select * from (${sql}) as margins
      where bucket not in (
        select date_trunc('${interval}', bucket) from rollup_dirty where level <= ${level})
      order by 1, 2, 3, 4, 5`
    const [expected, found] = await Promise.all([
      pipeline.ask(clean(marginsOf('flows', interval))),
      pipeline.ask(clean(marginsOf(table, interval))),
    ])
    assert.deepEqual(found, expected, table)
  }
}

export async function runRollupRace(options: RaceOptions): Promise<RaceReport> {
  const ownServer = options.killsServer ? { ownServer: true } : {}
  const one = await startWriterAlone({ environment: QUICK, ...ownServer })
  const other = await startWriterAlone({ environment: QUICK, databaseUrl: one.databaseUrl })
  try {
    const feeders = [
      new Feeder(one, '192.0.2.1', options),
      new Feeder(other, '192.0.2.2', { ...options, seed: options.seed + 1 }),
    ]
    let isOver = false
    const readers = Array.from({ length: options.readers }, () => new Reader(one.databaseUrl))
    const reading = readers.map((reader) => reader.readUntil(() => isOver, options.hours))
    const failed = Promise.all(reading)
    for (let kill = 0; kill <= options.kills; kill++) {
      const end = performance.now() + options.ms / (options.kills + 1)
      while (performance.now() < end) {
        for (const feeder of feeders) feeder.send(options.datagrams)
        await Promise.race([sleep(20), failed])
      }
      if (kill === options.kills) continue
      await Promise.race([one.killWriter(), failed.then(() => {})])
      if (!options.killsServer) continue
      process.kill(one.server.pid, 'SIGKILL')
      await one.server.restart()
    }
    const flows = feeders.reduce((sum, feeder) => sum + feeder.flows, 0)
    await one.expectNumber('select count(*)::int from flows', flows, 60_000)
    // Old minutes are computed within seconds.
    const rest = `select from rollup_dirty where level = 0 and bucket < now() - interval '3 minutes'`
    await until('old minutes are computed', async () => (await one.ask(rest)).length === 0, 60_000)
    isOver = true
    await failed
    for (const feeder of feeders) feeder.close()
    await assertSettled(one)
    const sum = (name: 'comparisons' | 'withRollups') =>
      readers.reduce((total, reader) => total + reader[name], 0)
    return { comparisons: sum('comparisons'), withRollups: sum('withRollups'), flows }
  } finally {
    await other.stop()
    await one.stop()
  }
}
