/**
 * A pipeline whose database comes and goes, one exporter that numbers its flows, and the account of
 * what became of them; see the tests of the journal.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTestServer, type TestServer } from '../helpers/database.ts'
import { FlowSender } from '../helpers/flow-sender.ts'
import { Pipeline, type PipelineOptions, queryRows } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

/** Flows of a datagram: its line has about 2 kB. */
export const FLOWS = 30

type Row = Record<string, unknown>

/** What came of the flows, as the tables and the collectors' reports say. */
export interface Account {
  readonly received: number
  readonly forwarded: number
  readonly dropped: number
  readonly kernelDropped: number
  readonly rows: number
  readonly distinct: number
  /** Flows that the sequence ledger misses. */
  readonly lost: number
  readonly lostInPipe: number | null
  /** Sum over every row of the balance. */
  readonly differences: number
}

const ACCOUNT = `
  select sum(received)::int as received, sum(forwarded)::int as forwarded,
    sum(queue_dropped)::int as dropped, sum(kernel_dropped)::int as "kernelDropped",
    (select count(*)::int from flows) as rows,
    (select count(distinct bytes)::int from flows) as distinct,
    (select coalesce(sum(lost), 0)::int from exporter_streams) as lost,
    (select lost_in_pipe::int from balance where scope = 'total') as "lostInPipe",
    (select sum(difference)::int from balance) as differences
  from collector_reports`

export class JournalHarness {
  readonly server: TestServer
  readonly pipeline: Pipeline
  #sender: FlowSender | undefined

  private constructor(server: TestServer, pipeline: Pipeline) {
    this.server = server
    this.pipeline = pipeline
  }

  /** Starts the database; `start` the pipeline. */
  static async prepare(
    options: Omit<PipelineOptions, 'databaseUrl'> = {},
  ): Promise<JournalHarness> {
    const server = await startTestServer()
    const environment = { FLUSH_INTERVAL_MS: '100', ...options.environment }
    const pipeline = new Pipeline({ ...options, environment, databaseUrl: server.url })
    return new JournalHarness(server, pipeline)
  }

  static async start(options: Omit<PipelineOptions, 'databaseUrl'> = {}): Promise<JournalHarness> {
    const harness = await JournalHarness.prepare(options)
    try {
      await harness.pipeline.start()
      return harness
    } catch (error) {
      await harness.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#sender?.close()
    await this.pipeline.end('writer', 'SIGKILL')
    await this.pipeline.stop()
    await this.server.stop('immediate')
  }

  get sender(): FlowSender {
    this.#sender ??= new FlowSender({
      port: this.pipeline.port,
      exportVersion: 5,
      flowsPerDatagram: FLOWS,
    })
    return this.#sender
  }

  ask(sql: string): Promise<Row[]> {
    return queryRows(this.server.url, sql)
  }

  /** Sends datagrams and waits until their flows are stored, at a quiet moment. */
  async sendAndStore(datagrams: number): Promise<void> {
    const before = await this.#countRows()
    await this.sender.send(datagrams, 500)
    await until('the flows are stored', async () => {
      return (await this.#countRows()) === before + datagrams * FLOWS
    })
  }

  async #countRows(): Promise<number> {
    const [row] = await this.ask('select count(*)::int as rows from flows')
    return Number(row?.['rows'])
  }

  /** Bytes of the journal's segments in their order. */
  readSegments(): { readonly name: string; readonly bytes: Buffer }[] {
    const folder = this.pipeline.journalPath
    const names = readdirSync(folder).filter((name) => name.endsWith('.lines'))
    return names.sort().map((name) => ({ name, bytes: readFileSync(join(folder, name)) }))
  }

  /** Waits until the journal holds so many datagrams that begin a line. */
  async untilJournaled(datagrams: number): Promise<void> {
    await until(`${datagrams} datagrams in the journal`, () => {
      const text = this.readSegments().map(({ bytes }) => bytes.toString('latin1'))
      return text.join('').split('\n["').length - 1 >= datagrams
    })
  }

  /** Waits for a line in the log of the writer, and gives the first. */
  waitForLine(text: RegExp): Promise<Row> {
    return until(`a line like ${text}`, () => this.findLines(text)[0])
  }

  findLines(text: RegExp): Row[] {
    return this.pipeline.logOf('writer').filter(({ msg }) => text.test(String(msg)))
  }

  /** Sends a little more, so that every gap is seen, stops the collector, and waits for the rest. */
  async settle(): Promise<Account> {
    await this.sender.send(50, 100)
    assert.equal(await this.pipeline.end('collector'), 0)
    await until('the final report of every collector', async () => {
      const [row] = await this.ask(
        'select count(*)::int as n, count(*) filter (where not final)::int as open from collector_reports',
      )
      return Number(row?.['n']) > 0 && row?.['open'] === 0
    })
    assert.equal(await this.pipeline.end('writer'), 0)
    const [account] = await this.ask(ACCOUNT)
    return account as unknown as Account
  }
}
