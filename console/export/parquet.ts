/** Turns a CSV file of flows into Parquet, by DuckDB where it is installed. */

import { createRequire } from 'node:module'
import { join } from 'node:path'

const PACKAGE = '@duckdb/node-api'

/** The part of the package's interface that is used here. */
interface DuckDb {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{ run(sql: string): Promise<unknown>; closeSync(): void }>
    }>
  }
}

/** DuckDB is not installed; the message says how to install it. */
export class NoParquetError extends Error {
  readonly code = 'NO_PARQUET'

  constructor() {
    super(`Parquet takes the package ${PACKAGE}, which is not installed: npm install ${PACKAGE}`)
  }
}

/** Turns files of CSV with a heading into Parquet. */
export type WriteParquet = (
  csvPath: string,
  parquetPath: string,
  types: Readonly<Record<string, string>>,
) => Promise<void>

/**
 * Loads DuckDB from this package, or from the folder.
 *
 * @throws NoParquetError when it is not installed
 */
export function loadParquet(folder: string): WriteParquet {
  const duckdb = findDuckDb(folder)
  return async (csvPath, parquetPath, types) => {
    const instance = await duckdb.DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      const columns = Object.entries(types).map(([name, type]) => `'${name}': '${type}'`)
      const csv = `read_csv(${quote(csvPath)}, header = true, columns = {${columns.join(', ')}})`
      const options = 'format parquet, compression zstd'
      await connection.run(`set timezone = 'UTC'`)
      await connection.run(`copy (select * from ${csv}) to ${quote(parquetPath)} (${options})`)
    } finally {
      connection.closeSync()
    }
  }
}

function findDuckDb(folder: string): DuckDb {
  for (const place of [import.meta.url, join(folder, 'package.json')]) {
    try {
      return createRequire(place)(PACKAGE) as DuckDb
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new NoParquetError()
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
