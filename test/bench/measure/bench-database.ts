/**
 * A migrated database for one instrument with a connection to look at it, and the CPU time of its
 * server where that runs on this machine.
 */

import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { readCpuSeconds, readParentOfSameKind, readTreeCpuSeconds } from './process-usage.ts'

/** The others hang on these by foreign keys. */
const WRITTEN_TABLES = [
  'exporters',
  'sequence_gaps',
  'journal_positions',
  'collector_reports',
  'rejected_records',
]

export class BenchDatabase {
  readonly client: pg.Client
  readonly #database: TestDatabase
  readonly #backendPid: number
  readonly #serverPid: number | undefined

  private constructor(database: TestDatabase, client: pg.Client, backendPid: number) {
    this.#database = database
    this.client = client
    this.#backendPid = backendPid
    this.#serverPid = readParentOfSameKind(backendPid)
  }

  static async create(): Promise<BenchDatabase> {
    const database = await createTestDatabase()
    const client = new pg.Client({ connectionString: database.url })
    // When it breaks, the next query says so; without a listener it would end the process at once.
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query('select pg_backend_pid() as pid')
    return new BenchDatabase(database, client, rows[0]?.pid)
  }

  get url(): string {
    return this.#database.url
  }

  /** CPU seconds of the whole server so far: all its processes, or all but this connection's. */
  readServerCpu(whose: 'all' | 'all but own' = 'all'): number | undefined {
    if (this.#serverPid === undefined) return undefined
    const all = readTreeCpuSeconds(this.#serverPid)
    const own = whose === 'all' ? 0 : readCpuSeconds(this.#backendPid)
    return all === undefined || own === undefined ? undefined : all - own
  }

  /** Empties what the writer fills, or a part of it; partitions stay. */
  async empty(what: 'all' | 'all but flows' | 'flows' = 'all'): Promise<void> {
    const flows = what === 'all but flows' ? [] : ['flows']
    const others = what === 'flows' ? [] : WRITTEN_TABLES
    await this.client.query(`truncate ${[...others, ...flows].join(', ')} cascade`)
    await this.client.query('checkpoint')
  }

  async countFlows(): Promise<number> {
    const { rows } = await this.client.query('select count(*)::int as count from flows')
    return rows[0]?.count
  }

  /** Gives how much of the stream is committed, in bytes; 0 before the first batch. */
  async committedBytes(): Promise<number> {
    const { rows } = await this.client.query({
      name: 'committed',
      text: 'select coalesce(sum(position), 0)::float8 as position from journal_positions',
    })
    return rows[0]?.position
  }

  async drop(): Promise<void> {
    await this.client.end()
    await this.#database.drop()
  }
}
