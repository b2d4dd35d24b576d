/** The identity of this writer's stream of bytes, kept in the journal's folder. */

import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JournalError } from './journal-error.ts'

const FILE_NAME = 'journal-id'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Reads the id of the journal in `folder`, making both when they are missing.
 *
 * @throws JournalError when the folder cannot be written or the id cannot be read
 */
export function openJournalId(folder: string): string {
  const path = join(folder, FILE_NAME)
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, `${randomUUID()}\n`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new JournalError(`JOURNAL_DIR ${folder} must be a folder that can be written`, error)
    }
  }
  const id = readFileSync(path, 'utf8').trim()
  if (!UUID.test(id)) {
    throw new JournalError(`${path} holds no journal id: move it away to start a new journal`)
  }
  return id
}
