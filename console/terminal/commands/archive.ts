/** `netflow archive`: closed partitions into Parquet files, before retention drops them. */

import { NotAnArchiveError } from '../../archive/archive-manifest.ts'
import { ArchiveCheckError } from '../../archive/archive-partition.ts'
import { ArchiveBusyError, writeArchiveOf } from '../../archive/write-archive.ts'
import { loadDuckDb, NoDuckDbError } from '../../export/duckdb.ts'
import { NoAnswerError, UsageError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'

export interface ArchiveOptions {
  readonly to?: string
}

export async function archiveFlows(terminal: Terminal, options: ArchiveOptions): Promise<void> {
  const { environment, folder: home } = terminal.surroundings
  const folder = options.to ?? (environment['ARCHIVE_DIR']?.trim() || undefined)
  if (folder === undefined) throw new UsageError('the folder is named by --to or by ARCHIVE_DIR')
  try {
    const duckdb = await loadDuckDb(home)()
    try {
      const { written, kept } = await writeArchiveOf({
        ...{ folder, duckdb, signal: terminal.signal },
        database: await terminal.database,
        onProgress: (text) => terminal.note(text),
      })
      const flows = written.reduce((sum, part) => sum + Number(part.flows), 0)
      const bytes = written.reduce((sum, part) => sum + part.fileBytes, 0)
      terminal.say(
        `archived ${written.length} partitions in ${folder}: ${flows} flows, ` +
          `${bytes} bytes; ${kept} had nothing new`,
      )
    } finally {
      duckdb.close()
    }
  } catch (error) {
    throw explain(error)
  }
  if (terminal.signal.aborted) throw new NoAnswerError('cut: the same command goes on')
}

/** Errors of the archive end a command without their stack. */
export function explain(error: unknown): unknown {
  const kinds = [ArchiveBusyError, ArchiveCheckError, NotAnArchiveError, NoDuckDbError]
  if (kinds.some((kind) => error instanceof kind)) {
    return new NoAnswerError((error as Error).message, { cause: error })
  }
  const { syscall, message } = error as NodeJS.ErrnoException
  if (syscall) return new NoAnswerError(`${message}: the same command goes on after it is mended`)
  return error
}
