/** An archive of Parquet files that is asked like the database. */

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDb, OpenDuckDb } from '../export/duckdb.ts'
import { ARCHIVE } from '../query/archive-dialect.ts'
import type { Row, Sql } from '../query/sql.ts'
import { NotAnArchiveError, readArchive } from './archive-manifest.ts'
import { NAMES_FILE } from './archive-names.ts'
import { archiveViews } from './archive-views.ts'

/** The question was cancelled; the code is that of PostgreSQL. */
export class CancelledError extends Error {
  readonly code = '57014'
}

export interface ArchiveRange {
  /** RFC 3339. */
  readonly since: string
  readonly until: string
}

export class Archive {
  readonly dialect = ARCHIVE
  readonly #duckdb: DuckDb
  #isCancelled = false

  private constructor(duckdb: DuckDb) {
    this.#duckdb = duckdb
  }

  /**
   * Opens the files of a range. The caller closes it.
   *
   * @throws NotAnArchiveError when the folder holds none, or a file of it is missing
   */
  static async open(folder: string, range: ArchiveRange, open: OpenDuckDb): Promise<Archive> {
    const parts = await readArchive(folder)
    if (!parts) {
      throw new NotAnArchiveError(`${folder} holds no archive: netflow archive --to ${folder}`)
    }
    const [since, until] = [Date.parse(range.since), Date.parse(range.until)]
    const paths = parts
      .filter((part) => Date.parse(part.since) < until && Date.parse(part.until) > since)
      .map(({ file }) => join(folder, file))
    for (const path of paths) {
      await access(path).catch(() => {
        throw new NotAnArchiveError(`${path} is missing: the manifest of the archive names it`)
      })
    }
    const duckdb = await open()
    try {
      for (const statement of archiveViews(paths, join(folder, NAMES_FILE))) {
        await duckdb.run(statement)
      }
      return new Archive(duckdb)
    } catch (error) {
      duckdb.close()
      throw error
    }
  }

  /** Asks one question. */
  async ask(sql: Sql): Promise<readonly Row[]> {
    const rows: Row[] = []
    for await (const portion of this.fetch(sql)) rows.push(...portion)
    return rows
  }

  /** Fetches the rows of a question in portions. @throws CancelledError after `cancel` */
  async *fetch({ text, values }: Sql): AsyncGenerator<readonly Row[]> {
    try {
      yield* this.#duckdb.fetch(text, values)
    } catch (error) {
      throw this.#isCancelled ? new CancelledError('cancelled', { cause: error }) : error
    }
  }

  /** Nothing changes in it meanwhile. */
  inSnapshot<Value>(use: () => Promise<Value>): Promise<Value> {
    return use()
  }

  /** Ends what it is doing. */
  cancel(): Promise<void> {
    this.#isCancelled = true
    this.#duckdb.interrupt()
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#duckdb.close()
    return Promise.resolve()
  }
}
