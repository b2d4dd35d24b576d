/** Turns CSV files of flows into Parquet, by DuckDB. */

import { type OpenDuckDb, quoteText } from './duckdb.ts'

/** The columns of a file, and their types in DuckDB. */
type ColumnTypes = Readonly<Record<string, string>>

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
      await duckdb.run(csvToParquet(csvPath, parquetPath, { types, compression: 'none' }))
    } finally {
      duckdb.close()
    }
  }
}

/** Returns the statement that turns a CSV file into Parquet. */
export function csvToParquet(
  csvPath: string,
  parquetPath: string,
  csv: { readonly types: ColumnTypes; readonly compression: 'none' | 'gzip' },
): string {
  const rows = `select * from ${readCsv(csvPath, csv.types, csv.compression)}`
  return `copy (${rows}) to ${quoteText(parquetPath)} (format parquet, compression zstd)`
}

/**
 * Returns the table of a CSV file by RFC 4180 with a heading. An empty cell is NULL, and `""` is an
 * empty text. Texts may hold newlines, so a single thread reads them.
 */
function readCsv(path: string, types: ColumnTypes, compression: string): string {
  const columns = Object.entries(types).map(([name, type]) => `'${name}': '${type}'`)
  return (
    `read_csv(${quoteText(path)}, auto_detect = false, header = true, delim = ',', quote = '"', ` +
    `escape = '"', nullstr = '', allow_quoted_nulls = false, parallel = false, ` +
    `compression = '${compression}', columns = {${columns.join(', ')}})`
  )
}
