/**
 * A pipeline with a database of its own and exporters that send what a test tells them, for tests of
 * what survives the writer.
 */

import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts'
import { v9MessageOf, type Wire } from '../helpers/netflow-bytes.ts'
import { type Pipeline, queryRows, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

/** The line of a writer that has found what was written down. */
export const RESTORED = /^restored what/

/** Gives a number as four bytes in hex. */
export function hex32(value: number): string {
  return value.toString(16).padStart(8, '0')
}

/** An exporter that sends what it is told, from one port. */
export class RawExporter {
  readonly #port: number
  readonly #socket: Socket = createSocket('udp4')
  #sequence = 0

  constructor(port: number) {
    this.#port = port
  }

  /** Sends v9 messages, the sets of each. */
  async sendSets(...messages: readonly (readonly Wire[])[]): Promise<void> {
    for (const sets of messages) {
      await this.send(v9MessageOf({ sequence: this.#sequence, sourceId: 7 }, ...sets))
      this.#sequence += 1
    }
  }

  /** Sends the sets of a v9 message made elsewhere in a message of its own. */
  sendSetsOf(message: Buffer): Promise<void> {
    return this.sendSets([message.subarray(20)])
  }

  /** Sends a whole message. */
  async send(message: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(message, this.#port, '127.0.0.1', (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }

  close(): void {
    this.#socket.close()
  }
}

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
    const exporter = new RawExporter(this.pipeline.port)
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
