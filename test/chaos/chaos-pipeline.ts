/**
 * A pipeline with a PostgreSQL server of its own that may be hurt in every way, its journal's size, and
 * the account at the end.
 */

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadLibc } from '../../shared/libc.ts'
import { CuttingProxy } from '../helpers/cutting-proxy.ts'
import { startTestServer, type TestServer } from '../helpers/database.ts'
import { type Pipeline, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'
import { FLOWS_PER_DATAGRAM, NumberedTraffic } from './numbered-traffic.ts'
import { Judge, type Verdict } from './verdict.ts'

/** Slow commits, so that faults meet them. */
const SERVER_SETTINGS = { commit_delay: '20000', commit_siblings: '0' }
const LOAD_MS = 300_000
/** The level `error` in the log. */
const ERROR_LEVEL = 50

export interface ChaosPipelineOptions {
  readonly environment?: Record<string, string>
  /** The writer's connections can be cut at their COMMIT; then its rows wait in this process, too. */
  readonly throughProxy?: boolean
}

/** The segments of a journal. */
export interface JournalFiles {
  readonly bytes: number
  readonly segments: number
  /** Position after the last byte. */
  readonly end: number
}

export class ChaosPipeline {
  readonly server: TestServer
  readonly pipeline: Pipeline
  /** Not in the way unless `throughProxy` was asked for. */
  readonly proxy: CuttingProxy
  readonly traffic: NumberedTraffic
  #peakBytes = 0
  #watching: NodeJS.Timeout

  private constructor(server: TestServer, proxy: CuttingProxy, pipeline: Pipeline) {
    this.server = server
    this.proxy = proxy
    this.pipeline = pipeline
    this.traffic = new NumberedTraffic(pipeline.port)
    this.#watching = setInterval(() => this.readJournal(), 250)
  }

  static async start({
    environment = {},
    throughProxy = false,
  }: ChaosPipelineOptions = {}): Promise<ChaosPipeline> {
    const server = await startTestServer({ durable: true, settings: SERVER_SETTINGS })
    const proxy = new CuttingProxy(server.url)
    const databaseUrl = throughProxy ? await proxy.start() : server.url
    try {
      const pipeline = await startPipeline({ databaseUrl, environment })
      return new ChaosPipeline(server, proxy, pipeline)
    } catch (error) {
      await proxy.stop()
      await server.stop('immediate')
      throw error
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#watching)
    this.traffic.close()
    try {
      await this.pipeline.stop()
    } finally {
      await this.proxy.stop()
      await this.server.stop('immediate')
    }
  }

  /** The most bytes that were seen in the journal. */
  get journalPeakBytes(): number {
    return this.#peakBytes
  }

  readJournal(): JournalFiles {
    const folder = join(this.pipeline.folder, 'journal')
    const segments = readdirSync(folder)
      .filter((name) => name.endsWith('.lines'))
      .toSorted()
      .flatMap((name) => {
        const found = statSync(join(folder, name), { throwIfNoEntry: false })
        return found ? [{ start: Number.parseInt(name, 10), size: found.size }] : []
      })
    const bytes = segments.reduce((sum, { size }) => sum + size, 0)
    this.#peakBytes = Math.max(this.#peakBytes, bytes)
    const last = segments.at(-1)
    return { bytes, segments: segments.length, end: last ? last.start + last.size : 0 }
  }

  /** Waits until the database holds the whole journal, and every collector's final report. */
  async untilLoaded(): Promise<void> {
    let row: Record<string, unknown> | undefined
    const isLoaded = async () => {
      ;[row] = await this.pipeline.ask(
        `select position::float8 as position,
           (select count(*)::int from collector_reports where not final) as running
         from journal_positions`,
      )
      return row?.['position'] === this.readJournal().end && row['running'] === 0
    }
    await until('the journal is loaded', isLoaded, LOAD_MS).catch((error: Error) => {
      const facts = { ...row, ...this.readJournal() }
      throw new Error(`${error.message}: ${JSON.stringify(facts)}`)
    })
  }

  /** Stops the collector and waits until all is loaded; returns the problems. */
  async finishLoading(): Promise<string[]> {
    const code = await this.pipeline.end('collector')
    const problems = code === 0 ? [] : [`the collector exited with ${code}`]
    await this.untilLoaded().catch((error: Error) => problems.push(error.message))
    return problems
  }

  /** Stops the writer when all is loaded; returns the problems. */
  async finishWriter(): Promise<string[]> {
    const code = await this.pipeline.end('writer')
    const { segments } = this.readJournal()
    return [
      ...(code === 0 ? [] : [`the writer exited with ${code} at the end`]),
      ...(segments <= 1 ? [] : [`the journal has ${segments} segments left`]),
    ]
  }

  /** The account of all flows; nothing may run any more. */
  async judge(): Promise<Verdict> {
    const sent = this.traffic.exporters.map(({ address, sender }) => {
      return { address, flows: sender.sentFlows }
    })
    const verdict = await new Judge(this.server.url, FLOWS_PER_DATAGRAM).judge(sent)
    return { ...verdict, problems: [...verdict.problems, ...this.#readErrors()] }
  }

  /** Returns each error of the writer's log once. */
  #readErrors(): string[] {
    const lines = this.pipeline.logOf('writer')
    const errors = lines.filter(({ level }) => Number(level) >= ERROR_LEVEL)
    const problems = errors.map(({ msg }) => `the writer says: ${msg}`)
    // Few kills fall between a read and a write, so the log must tell that there is no such moment.
    if (loadLibc() && lines.some(({ splice }) => splice === false)) {
      problems.push('the writer copies from the pipe: what it holds when it is killed is lost')
    }
    return [...new Set(problems)]
  }
}
