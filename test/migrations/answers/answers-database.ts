/** A database with flows, exporters and streams that a test writes by hand. */

import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'

type Values = Readonly<Record<string, unknown>>

const FLOW: Values = {
  received_at: '2026-11-28 12:00Z',
  exporter: '192.0.2.1',
  export_version: 9,
  observation_domain: 0,
}

const STREAM: Values = {
  exporter: '192.0.2.1',
  export_version: 9,
  observation_domain: 0,
  sequence_unit: 'datagrams',
}

export class AnswersDatabase {
  readonly #database: TestDatabase
  readonly #client: pg.Client

  private constructor(database: TestDatabase, client: pg.Client) {
    this.#database = database
    this.#client = client
  }

  /** Opens a database with partitions for 28 November 2026, and for now. */
  static async open(): Promise<AnswersDatabase> {
    const database = await createTestDatabase()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(`
      set timezone = 'UTC';
      create table flows_20261128 partition of flows
      for values from ('2026-11-28') to ('2026-11-29');
      create table flows_other partition of flows default`)
    return new AnswersDatabase(database, client)
  }

  async ask(sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.#client.query(sql, [...values])).rows
  }

  /** Runs several statements. */
  async run(sql: string): Promise<void> {
    await this.#client.query(sql)
  }

  /** Hands out the connection. */
  use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    return work(this.#client)
  }

  async addFlows(...flows: readonly Values[]): Promise<void> {
    for (const flow of flows) await this.#insert('flows', { ...FLOW, ...flow })
  }

  /** Adds a stream that was heard just now, and its exporter. */
  async addStream(stream: Values = {}): Promise<void> {
    const row = { ...STREAM, ...stream }
    await this.#client.query(
      'insert into exporters (address, first_seen, last_seen) values ($1, now(), now()) on conflict do nothing',
      [row['exporter']],
    )
    await this.#insert('exporter_streams', { first_seen: 'now', last_seen: 'now', ...row })
  }

  async addTemplate(
    fields: readonly (readonly [enterprise: number, id: number, length: number])[],
  ) {
    const { sequence_unit: _, ...key } = STREAM
    await this.#insert('templates', {
      ...key,
      template_id: 256,
      source_port: 0,
      kind: 'flows',
      fields: JSON.stringify(fields),
      scope_fields: 0,
      status: 'confirmed',
      first_seen: 'now',
      defined_at: 'now',
      last_seen: 'now',
      redefinitions: 0,
      definition_hash: '',
    })
  }

  async #insert(table: string, row: Values): Promise<void> {
    const names = Object.keys(row)
    await this.#client.query(
      `insert into ${table} (${names}) values (${names.map((_, index) => `$${index + 1}`)})`,
      Object.values(row),
    )
  }

  /** Removes everything that a test has added. */
  async clear(): Promise<void> {
    await this.#client.query(
      `truncate flows, exporters, exporter_streams, journal_positions, collector_reports,
         rejected_records, rejected_datagrams cascade`,
    )
  }

  async close(): Promise<void> {
    await this.#client.end()
    await this.#database.drop()
  }
}
