/**
 * The journal's folder beside its segments: the lock that gives it to one process, the identity of
 * the stream of bytes, and a note about the database that the journal is loaded into.
 */

import { randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Libc } from '../../shared/libc.ts'

const LOCK_FILE = 'lock'
const ID_FILE = 'journal-id'
const DATABASE_FILE = 'database'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The journal cannot be used; the message says what to do. */
export class JournalError extends Error {
  readonly code = 'NO_JOURNAL'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'JournalError'
  }
}

export class JournalFolder {
  readonly #path: string
  #lockFd: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Locks the folder for this process and creates it when it is missing. The lock ends with the
   * process, however the process ends. Without the C library only the database's lock on the journal
   * protects it.
   *
   * @throws JournalError when another process has the lock, or the folder cannot be written
   */
  lock(libc: Libc | undefined): void {
    let fd: number
    try {
      mkdirSync(this.#path, { recursive: true })
      fd = openSync(join(this.#path, LOCK_FILE), 'a')
    } catch (error) {
      throw this.#unusable('written', error)
    }
    if (!libc) {
      closeSync(fd)
      return
    }
    if (!libc.lockFile(fd)) {
      closeSync(fd)
      throw new JournalError(
        `another writer is using JOURNAL_DIR ${this.#path}: stop it, or give this one its own`,
      )
    }
    this.#lockFd = fd
  }

  /** Releases the lock. May be called twice. */
  unlock(): void {
    if (this.#lockFd !== undefined) closeSync(this.#lockFd)
    this.#lockFd = undefined
  }

  /**
   * Reads the journal's id and creates it when it is missing; only with the lock.
   *
   * @throws JournalError when the folder cannot be written or the id cannot be read
   */
  openId(): string {
    const path = join(this.#path, ID_FILE)
    if (!existsSync(path)) {
      // Half an id would keep every later start from working: write the file whole or not at all.
      const unfinished = `${path}.new`
      try {
        writeFileSync(unfinished, `${randomUUID()}\n`)
        renameSync(unfinished, path)
      } catch (error) {
        throw this.#unusable('written', error)
      }
    }
    const id = readFileSync(path, 'utf8').trim()
    if (!UUID.test(id)) {
      throw new JournalError(`${path} holds no journal id: move it away to start a new journal`)
    }
    return id
  }

  /**
   * Reads the note about the database that the journal was loaded into; undefined for a new journal.
   *
   * @throws JournalError when the folder cannot be read
   */
  readDatabase(): string | undefined {
    try {
      return readFileSync(join(this.#path, DATABASE_FILE), 'utf8').trim()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw this.#unusable('read', error)
    }
  }

  /**
   * Notes the database, once it knows the journal.
   *
   * @throws JournalError when the folder cannot be written
   */
  noteDatabase(database: string): void {
    if (this.readDatabase() === database) return
    try {
      writeFileSync(join(this.#path, DATABASE_FILE), `${database}\n`)
    } catch (error) {
      throw this.#unusable('written', error)
    }
  }

  #unusable(use: 'read' | 'written', cause: unknown): JournalError {
    return new JournalError(`JOURNAL_DIR ${this.#path} must be a folder that can be ${use}`, cause)
  }
}
