/** Turns CSV files of flows into Parquet, by DuckDB. */

import { type OpenDuckDb, quoteText } from './duckdb.ts'

/** The columns of a file, and their types in DuckDB. */
export type ColumnTypes = Readonly<Record<string, string>>

/** Turns a file of CSV with a heading into Parquet. */
export type WriteParquet = (
  csvPath: string,
  parquetPath: string,
  types: ColumnTypes,
) => Promise<void>

/** Returns the function that turns CSV into Parquet. */
export function parquetWriter(open: OpenDuckDb): WriteParquet {
  return async (csvPath, parquetPath, types) => {
    const duckdb = await open()
    try {
      const rows = `select * from ${readCsv(csvPath, types)}`
      const options = 'format parquet, compression zstd'
      await duckdb.run(`copy (${rows}) to ${quoteText(parquetPath)} (${options})`)
    } finally {
      duckdb.close()
    }
  }
}

/**
 * Returns the table of a CSV file by RFC 4180 with a heading. An empty cell is NULL, and `""` is an
 * empty text. Texts may hold newlines, which takes one thread.
 */
export function readCsv(
  path: string,
  types: ColumnTypes,
  compression: 'none' | 'gzip' = 'none',
): string {
  const columns = Object.entries(types).map(([name, type]) => `'${name}': '${type}'`)
  return (
    `read_csv(${quoteText(path)}, auto_detect = false, header = true, delim = ',', quote = '"', ` +
    `escape = '"', nullstr = '', allow_quoted_nulls = false, parallel = false, ` +
    `compression = '${compression}', columns = {${columns.join(', ')}})`
  )
}
