/** Lets one process at a time use a journal's folder. The lock ends with its process, however it ends. */

import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Libc } from '../../shared/libc.ts'
import { JournalError } from './journal-error.ts'

const FILE_NAME = 'lock'

export class JournalLock {
  #fd: number | undefined

  /**
   * Takes the lock, making the folder when it is missing. Without the C library's calls only the
   * database's lock on the journal protects it.
   *
   * @throws JournalError when another process has it, or the folder cannot be written
   */
  take(folder: string, libc: Libc | undefined): void {
    let fd: number
    try {
      mkdirSync(folder, { recursive: true })
      fd = openSync(join(folder, FILE_NAME), 'a')
    } catch (error) {
      throw new JournalError(`JOURNAL_DIR ${folder} must be a folder that can be written`, error)
    }
    if (!libc) {
      closeSync(fd)
      return
    }
    if (!libc.lockFile(fd)) {
      closeSync(fd)
      throw new JournalError(
        `another writer is using JOURNAL_DIR ${folder}: stop it, or give this one its own`,
      )
    }
    this.#fd = fd
  }

  release(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}
