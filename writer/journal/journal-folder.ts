/**
 * The journal's folder beside its segments: the lock that gives it to one process, the identity of
 * the stream of bytes, and notes about the database that the journal is loaded into.
 */

import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Libc } from '../../shared/libc.ts'
import {
  closeFolderToOthers,
  makePrivateFolder,
  openPrivateFile,
  syncFolder,
  writePrivateFile,
} from './private-file.ts'

const LOCK_FILE = 'lock'
const ID_FILE = 'journal-id'
const DATABASE_FILE = 'database'
const LOADED_FILE = 'loaded'
const ASIDE_FOLDER = 'set-aside'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const OWN_NAME =
  /^(?:(?:lock|journal-id|database|loaded)(?:\.new)?|set-aside|\d{16}\.(?:lines|crc))$/

/** The journal cannot be used; the message says what to do. */
export class JournalError extends Error {
  readonly code = 'NO_JOURNAL'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'JournalError'
  }
}

/** Whether an error, or its cause, means that the file system has no room. */
export function isDiskFull(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT' || (cause !== undefined && isDiskFull(cause))
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
   * protects it. Other users must not hold the lock, so they cannot enter the folder.
   *
   * @throws JournalError when another process has the lock, or the folder cannot be written
   */
  lock(libc: Libc | undefined): void {
    if (this.#lockFd !== undefined) return
    const fd = this.#try('written', () => {
      makePrivateFolder(this.#path)
      // A folder with other files is shared on purpose, or named by mistake.
      if (readdirSync(this.#path).every((name) => OWN_NAME.test(name))) {
        closeFolderToOthers(this.#path)
      }
      const { O_WRONLY, O_CREAT, O_APPEND } = constants
      return openPrivateFile(join(this.#path, LOCK_FILE), O_WRONLY | O_CREAT | O_APPEND)
    })
    if (libc && !libc.lockFile(fd)) {
      closeSync(fd)
      throw new JournalError(
        `another writer is using JOURNAL_DIR ${this.#path}: stop it, or give this one its own`,
      )
    }
    this.#lockFd = fd
  }

  /** Whether the folder that this process has locked was removed. */
  get isRemoved(): boolean {
    if (this.#lockFd === undefined) return false
    const found = statSync(join(this.#path, LOCK_FILE), { throwIfNoEntry: false })
    return found?.ino !== fstatSync(this.#lockFd).ino
  }

  /** Releases the lock. May be called twice. */
  unlock(): void {
    if (this.#lockFd !== undefined) closeSync(this.#lockFd)
    this.#lockFd = undefined
  }

  /**
   * Reads the journal's id and creates it when it is missing; only with the lock.
   *
   * @param wanted the id to create
   * @throws JournalError when the folder cannot be written or the id cannot be read
   */
  openId(wanted: string = randomUUID()): string {
    const path = join(this.#path, ID_FILE)
    if (!existsSync(path)) this.#write(ID_FILE, wanted)
    const id = this.#read(ID_FILE) ?? ''
    if (UUID.test(id)) return id
    throw new JournalError(`${path} holds no journal id: move it away to start a new journal`)
  }

  /**
   * Reads the note about the database that the journal was loaded into; undefined for a new journal.
   *
   * @throws JournalError when the folder cannot be read
   */
  readDatabase(): string | undefined {
    return this.#read(DATABASE_FILE)
  }

  /**
   * Notes the database, once it knows the journal.
   *
   * @throws JournalError when the folder cannot be written
   */
  noteDatabase(database: string): void {
    if (this.readDatabase() !== database) this.#write(DATABASE_FILE, database)
  }

  /**
   * Reads up to which position an earlier process knew the journal as loaded; undefined when none
   * has noted it.
   *
   * @throws JournalError when the folder cannot be read
   */
  readLoaded(): number | undefined {
    const text = this.#read(LOADED_FILE) ?? ''
    return /^\d+$/.test(text) ? Number(text) : undefined
  }

  /**
   * Notes that the database holds the journal up to `position`, where the journal ends.
   *
   * @throws JournalError when the folder cannot be written
   */
  noteLoaded(position: number): void {
    if (this.readLoaded() !== position) this.#write(LOADED_FILE, String(position))
  }

  /**
   * Moves the identity of the journal and its notes into a folder, which holds the journal that was
   * set aside last. `moveSegments` moves segments there.
   *
   * @returns the path of that folder
   * @throws JournalError when the folder cannot be written
   */
  setAside(moveSegments: (folder: string) => void): string {
    const aside = join(this.#path, ASIDE_FOLDER)
    return this.#try('written', () => {
      rmSync(aside, { recursive: true, force: true })
      makePrivateFolder(aside)
      moveSegments(aside)
      for (const name of [LOADED_FILE, DATABASE_FILE, ID_FILE]) {
        const path = join(this.#path, name)
        if (existsSync(path)) renameSync(path, join(aside, name))
      }
      syncFolder(this.#path)
      return aside
    })
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#path, name), 'utf8').trim()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw this.#unusable('read', error)
    }
  }

  #write(name: string, text: string): void {
    this.#try('written', () => writePrivateFile(join(this.#path, name), `${text}\n`))
  }

  #try<Result>(use: 'read' | 'written', action: () => Result): Result {
    try {
      return action()
    } catch (error) {
      throw this.#unusable(use, error)
    }
  }

  #unusable(use: 'read' | 'written', cause: unknown): JournalError {
    return new JournalError(`JOURNAL_DIR ${this.#path} must be a folder that can be ${use}`, cause)
  }
}
