/**
 * A pipeline with a database of its own and exporters that send what a test tells them, for tests of
 * what survives the writer.
 */

import assert from 'node:assert/strict'
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts'
import { type Pipeline, queryRows, startPipeline } from '../helpers/pipeline.ts'
import { RawExporter } from '../helpers/raw-exporter.ts'
import { until } from '../helpers/until.ts'

/** The line of a writer that has found what was written down. */
export const RESTORED = /^restored what/

/** A running pipeline; `stop` it when the test ends. */
export class RunningPipeline {
  readonly database: TestDatabase
  readonly pipeline: Pipeline
  readonly #exporters: RawExporter[] = []

  private constructor(database: TestDatabase, pipeline: Pipeline) {
    this.database = database
    this.pipeline = pipeline
  }

  static async start(): Promise<RunningPipeline> {
    const database = await createTestDatabase()
    const environment = { FLUSH_INTERVAL_MS: '100' }
    const pipeline = await startPipeline({ databaseUrl: database.url, environment })
    return new RunningPipeline(database, pipeline)
  }

  async stop(): Promise<void> {
    for (const exporter of this.#exporters.splice(0)) exporter.close()
    await this.pipeline.stop()
    await this.database.drop()
  }

  makeExporter(): RawExporter {
    const exporter = new RawExporter({ port: this.pipeline.port })
    this.#exporters.push(exporter)
    return exporter
  }

  /** Kills the writer and starts it again. */
  async killWriter(): Promise<void> {
    await this.pipeline.restartWriter('SIGKILL')
  }

  /** Waits for a line in the log of the writer, of any of its starts, and gives the first. */
  waitForLine(text: RegExp): Promise<Record<string, unknown>> {
    return until(`a line like ${text}`, () =>
      this.pipeline.logOf('writer').find(({ msg }) => text.test(String(msg))),
    )
  }

  ask(sql: string): Promise<Record<string, unknown>[]> {
    return queryRows(this.database.url, sql)
  }

  /** Waits until a query gives exactly these rows. */
  async expectRows(sql: string, rows: readonly object[]): Promise<void> {
    let found: readonly object[] = []
    const expected = JSON.stringify(rows)
    await until(`${sql} gives ${expected}`, async () => {
      found = await this.ask(sql)
      return JSON.stringify(found) === expected
    }).catch(() => assert.deepEqual(found, rows))
  }
}
