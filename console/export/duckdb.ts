/** Finds and runs DuckDB, an optional package that writes and reads Parquet. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Row } from '../query/sql.ts'

const PACKAGE = '@duckdb/node-api'

/** The part of the package's interface that is used here. */
interface DuckDbPackage {
  readonly DuckDBInstance: {
    create(path: string): Promise<{ connect(): Promise<Connection>; closeSync(): void }>
  }
}

interface Connection {
  run(sql: string): Promise<unknown>
  stream(sql: string, values?: readonly unknown[]): Promise<ResultStream>
  interrupt(): void
  closeSync(): void
}

interface ResultStream {
  columnNames(): readonly string[]
  fetchChunk(): Promise<{ readonly rowCount: number; getRows(): unknown[][] } | null>
}

/** DuckDB is not installed; the message says how to install it. */
export class NoDuckDbError extends Error {
  readonly code = 'NO_DUCKDB'

  constructor() {
    super(
      `Parquet takes the package ${PACKAGE}, which is not installed: npm install --no-save ${PACKAGE}`,
    )
  }
}

/** Opens DuckDB; times are in UTC. The caller closes it. */
export type OpenDuckDb = () => Promise<DuckDb>

/**
 * Loads DuckDB from this package, or from the folder.
 *
 * @throws NoDuckDbError when it is not installed
 */
export function loadDuckDb(folder: string): OpenDuckDb {
  const { DuckDBInstance } = findPackage(folder)
  return async () => {
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    // Both as in PostgreSQL.
    await connection.run(`set timezone = 'UTC'`)
    await connection.run(`set default_null_order = 'nulls_last_on_asc_first_on_desc'`)
    return new DuckDb(connection, () => instance.closeSync())
  }
}

/** A database in memory, with one session. */
export class DuckDb {
  readonly #connection: Connection
  readonly #closeInstance: () => void

  constructor(connection: Connection, closeInstance: () => void) {
    this.#connection = connection
    this.#closeInstance = closeInstance
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql)
  }

  /** Runs a query. Each value of its rows is a text or null. */
  async ask(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const rows: Row[] = []
    for await (const portion of this.fetch(sql, values)) rows.push(...portion)
    return rows
  }

  /** Runs a query, and returns its rows in portions. */
  async *fetch(sql: string, values: readonly unknown[] = []): AsyncGenerator<readonly Row[]> {
    const result = await this.#connection.stream(sql, values.map(toParameter))
    const names = result.columnNames()
    for (;;) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return
      yield chunk.getRows().map((row) => {
        const texts = row.map(toText)
        return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? null]))
      })
    }
  }

  /** Cancels the running query. */
  interrupt(): void {
    this.#connection.interrupt()
  }

  close(): void {
    this.#connection.closeSync()
    this.#closeInstance()
  }
}

/** Whole numbers stay whole. */
function toParameter(value: unknown): unknown {
  return typeof value === 'number' ? BigInt(value) : value
}

/** Writes a value as PostgreSQL does. */
function toText(value: unknown): string | null {
  if (value == null) return null
  return typeof value === 'boolean' ? (value ? 't' : 'f') : String(value)
}

function findPackage(folder: string): DuckDbPackage {
  for (const place of [import.meta.url, join(folder, 'package.json')]) {
    try {
      return createRequire(place)(PACKAGE) as DuckDbPackage
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new NoDuckDbError()
}

/** Writes a text as a literal of SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
