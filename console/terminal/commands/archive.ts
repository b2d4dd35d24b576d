/** `netflow archive`: writes closed partitions into Parquet files, before retention drops them. */

import type { Command } from 'commander'
import { archivePartitions } from '../../archive/archive-writer.ts'
import { loadDuckDb } from '../../export/duckdb.ts'
import { explainSystemError, NoAnswerError, UsageError } from '../errors.ts'
import { changing, examples } from '../options.ts'
import type { RunCommand, Terminal } from '../terminal.ts'

const CUT = 'the archive was cut: the same command goes on with it'

interface ArchiveOptions {
  readonly to?: string
}

/** Adds `netflow archive`. */
export function addArchive(program: Command, run: RunCommand): void {
  changing(program.command('archive'), 'writes closed partitions into Parquet files, once each')
    .option('--to <folder>', 'where the archive is; default: ARCHIVE_DIR')
    .addHelpText(
      'after',
      '\nIt takes the package @duckdb/node-api: npm install --no-save @duckdb/node-api\n' +
        examples(
          'netflow archive --to /archive',
          'netflow top --archive /archive --since 2025-11-01 --until 2025-12-01 port 443',
        ),
    )
    .action((options) => run(options, (terminal) => archiveFlows(terminal, options)))
}

async function archiveFlows(terminal: Terminal, options: ArchiveOptions): Promise<void> {
  const { environment, folder: home } = terminal.surroundings
  const folder = options.to ?? (environment['ARCHIVE_DIR']?.trim() || undefined)
  if (folder === undefined)
    throw new UsageError('no folder for the archive: name it by --to or by ARCHIVE_DIR')
  try {
    const duckdb = await loadDuckDb(home)()
    try {
      const { written, kept } = await archivePartitions({
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
    if (terminal.signal.aborted) throw new NoAnswerError(CUT, { cause: error })
    throw explainSystemError(error)
  }
  if (terminal.signal.aborted) throw new NoAnswerError(CUT)
}
