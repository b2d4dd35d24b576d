/** A migrated database for one instrument, with a connection to look into it. */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../helpers/database.ts'
import { readCpuSeconds, readParentOfSameKind, readTreeCpuSeconds } from './process-usage.ts'

/** All other tables refer to these by foreign keys, so they are emptied along with them. */
const ROOT_TABLES = [
  'exporters',
  'sequence_gaps',
  'journal_positions',
  'collector_reports',
  'rejected_records',
]

/** The counters of the streams are committed with the rows, and are cheaper to read than rows. */
const COUNT_FLOWS = {
  name: 'count-flows',
  text: 'select coalesce(sum(flow_records), 0)::float8 as flows from exporter_streams',
}

const SUM_POSITIONS = {
  name: 'sum-positions',
  text: 'select coalesce(sum(position), 0)::float8 as position from journal_positions',
}

export interface WatchOptions {
  /** Number of flows to wait for. */
  readonly until: number
  readonly pollMs: number
  /** Time without a new flow after which waiting fails. */
  readonly stalledMs: number
  /** Called with each answer. */
  readonly onSeen: (flows: number) => void
}

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

  /** Creates a database, passes it to `use`, and drops it. */
  static async with<Result>(use: (database: BenchDatabase) => Promise<Result>): Promise<Result> {
    const database = await createTestDatabase()
    const client = new pg.Client({ connectionString: database.url })
    // The next query reports a broken connection; without a listener the process would end at once.
    client.on('error', () => {})
    await client.connect()
    try {
      const { rows } = await client.query('select pg_backend_pid() as pid')
      return await use(new BenchDatabase(database, client, rows[0]?.pid))
    } finally {
      await client.end()
      await database.drop()
    }
  }

  get url(): string {
    return this.#database.url
  }

  /**
   * Returns the CPU seconds that all processes of the server have used, or all but the process of
   * this connection; undefined if the server runs on another machine.
   */
  readServerCpu(whose: 'all' | 'all but own' = 'all'): number | undefined {
    if (this.#serverPid === undefined) return undefined
    const all = readTreeCpuSeconds(this.#serverPid)
    const own = whose === 'all' ? 0 : readCpuSeconds(this.#backendPid)
    return all === undefined || own === undefined ? undefined : all - own
  }

  /** Empties the writer's tables, or a part of them; partitions stay. */
  async empty(what: 'all' | 'all but flows' | 'flows' = 'all'): Promise<void> {
    const flows = what === 'all but flows' ? [] : ['flows']
    const others = what === 'flows' ? [] : ROOT_TABLES
    await this.client.query(`truncate ${[...others, ...flows].join(', ')} cascade`)
    await this.client.query('checkpoint')
  }

  async countFlows(): Promise<number> {
    const { rows } = await this.client.query('select count(*)::int as count from flows')
    return rows[0]?.count
  }

  /** @throws if `flows` does not hold exactly this many rows */
  async checkFlows(expected: number): Promise<void> {
    const stored = await this.countFlows()
    if (stored !== expected) throw new Error(`${stored} rows are stored instead of ${expected}`)
  }

  /** Returns how many bytes of the journal are committed; 0 before the first batch. */
  async committedBytes(): Promise<number> {
    const { rows } = await this.client.query(SUM_POSITIONS)
    return rows[0]?.position
  }

  /**
   * Asks for the number of committed flows again and again until all have come.
   *
   * @returns how often it asked
   */
  async watchFlows({ until, pollMs, stalledMs, onSeen }: WatchOptions): Promise<number> {
    let polls = 0
    let last = 0
    let lastAt = performance.now()
    while (last < until) {
      const { rows } = await this.client.query(COUNT_FLOWS)
      const flows: number = rows[0]?.flows
      polls += 1
      onSeen(flows)
      if (flows > last) {
        last = flows
        lastAt = performance.now()
      } else if (performance.now() - lastAt > stalledMs) {
        throw new Error(`only ${flows} of ${until} flows came, and none for ${stalledMs} ms`)
      }
      await sleep(pollMs)
    }
    return polls
  }
}
