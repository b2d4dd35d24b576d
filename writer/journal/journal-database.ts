/** Notes in the journal's folder which database the journal is loaded into, for people and as a mark. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JournalError } from './journal-error.ts'

const FILE_NAME = 'database'

/**
 * Reads which database the journal was loaded into; undefined for a new journal.
 *
 * @throws JournalError
 */
export function readJournalDatabase(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, FILE_NAME), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new JournalError(`JOURNAL_DIR ${folder} must be a folder that can be read`, error)
  }
}

/**
 * Notes it, once the database knows the journal.
 *
 * @throws JournalError
 */
export function noteJournalDatabase(folder: string, database: string): void {
  if (readJournalDatabase(folder) === database) return
  try {
    writeFileSync(join(folder, FILE_NAME), `${database}\n`)
  } catch (error) {
    throw new JournalError(`JOURNAL_DIR ${folder} must be a folder that can be written`, error)
  }
}
