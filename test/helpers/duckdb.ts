/** Finds DuckDB for tests; without it they skip themselves. */

import { loadDuckDb, NoDuckDbError, type OpenDuckDb } from '../../console/export/duckdb.ts'

/** @returns how to open it, and the reason to skip when it is not installed */
export function findDuckDb(): { readonly open: OpenDuckDb; readonly skip: string | false } {
  try {
    return { open: loadDuckDb(process.cwd()), skip: false }
  } catch (error) {
    if (!(error instanceof NoDuckDbError)) throw error
    return { open: () => Promise.reject(error), skip: error.message }
  }
}
