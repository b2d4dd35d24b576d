/** Asks an archive of Parquet files like the database. */

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { CANCELLED } from '../database/session.ts'
import type { DuckDb, OpenDuckDb } from '../export/duckdb.ts'
import type { TimeRange } from '../query/range.ts'
import type { Row, Sql } from '../query/sql.ts'
import { ARCHIVE } from './archive-dialect.ts'
import { NotAnArchiveError, readManifest } from './archive-manifest.ts'
import { NAMES_FILE } from './archive-names.ts'
import { archiveViews } from './archive-views.ts'

/** The query was cancelled; the code is that of PostgreSQL. */
class CancelledError extends Error {
  readonly code = CANCELLED
}

export class Archive {
  readonly dialect = ARCHIVE
  readonly #duckdb: DuckDb
  #isCancelled = false

  private constructor(duckdb: DuckDb) {
    this.#duckdb = duckdb
  }

  /**
   * Opens the files of a range. The caller closes the archive.
   *
   * @throws NotAnArchiveError when the folder has no archive, or one of its files is missing
   */
  static async open(folder: string, range: TimeRange, open: OpenDuckDb): Promise<Archive> {
    const parts = await readManifest(folder)
    if (!parts) {
      throw new NotAnArchiveError(
        `${folder} holds no archive: netflow archive --to ${folder} writes one`,
      )
    }
    const [since, until] = [Date.parse(range.since), Date.parse(range.until)]
    const paths = parts
      .filter((part) => Date.parse(part.since) < until && Date.parse(part.until) > since)
      .map(({ file }) => join(folder, file))
    for (const path of paths) {
      await access(path).catch(() => {
        throw new NotAnArchiveError(
          `${path} is missing, but the manifest of the archive names it: restore it, or let netflow ` +
            'archive write it again while the database has its flows',
        )
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

  /** Runs one query. */
  async ask(sql: Sql): Promise<readonly Row[]> {
    const rows: Row[] = []
    for await (const portion of this.fetch(sql)) rows.push(...portion)
    return rows
  }

  /** Fetches the rows of a query in portions. @throws CancelledError after `cancel` */
  async *fetch({ text, values }: Sql): AsyncGenerator<readonly Row[]> {
    try {
      yield* this.#duckdb.fetch(text, values)
    } catch (error) {
      throw this.#isCancelled ? new CancelledError('cancelled', { cause: error }) : error
    }
  }

  /** Runs `use` as it is: nothing changes in an archive meanwhile. */
  inSnapshot<Value>(use: () => Promise<Value>): Promise<Value> {
    return use()
  }

  /** Cancels the running query. */
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
