/** The identity of this writer's stream of bytes, kept in the journal's folder. */

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JournalError } from './journal-error.ts'

const FILE_NAME = 'journal-id'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Reads the id of the journal in `folder`, making it when it is missing. Only to be called by the one
 * who has the folder's lock.
 *
 * @throws JournalError when the folder cannot be written or the id cannot be read
 */
export function openJournalId(folder: string): string {
  const path = join(folder, FILE_NAME)
  if (!existsSync(path)) {
    // Whole or not at all: half an id would keep every later start from working.
    const unfinished = `${path}.new`
    try {
      writeFileSync(unfinished, `${randomUUID()}\n`)
      renameSync(unfinished, path)
    } catch (error) {
      throw new JournalError(`JOURNAL_DIR ${folder} must be a folder that can be written`, error)
    }
  }
  const id = readFileSync(path, 'utf8').trim()
  if (!UUID.test(id)) {
    throw new JournalError(`${path} holds no journal id: move it away to start a new journal`)
  }
  return id
}
