/**
 * A journal in its folder, kept by this process alone: its identity, the notes about its database,
 * what is set aside, and what somebody deletes beside this process.
 */

import type { Libc } from '../../shared/libc.ts'
import type { Logger } from '../../shared/logger.ts'
import { Journal, type JournalOptions } from './journal.ts'
import { JournalFolder } from './journal-folder.ts'

interface KeptJournalOptions extends JournalOptions {
  readonly libc: Libc | undefined
  readonly logger: Logger
}

export class KeptJournal {
  readonly journal: Journal
  readonly #options: KeptJournalOptions
  readonly #folder: JournalFolder
  #isOpen = false
  #id = ''
  #database: string | undefined
  /** Up to where earlier processes knew the journal as loaded. */
  #loadedTo: number | undefined

  constructor(options: KeptJournalOptions) {
    this.#options = options
    this.#folder = new JournalFolder(options.folder)
    this.journal = new Journal(options)
  }

  /** The journal's identity; empty before `open`. */
  get id(): string {
    return this.#id
  }

  /** The database that the journal is loaded into; undefined for a new journal. */
  get database(): string | undefined {
    return this.#database
  }

  /** Whether the database of earlier starts holds all that they have put into the journal. */
  get wasLoaded(): boolean {
    return this.#loadedTo !== undefined && this.#loadedTo >= this.journal.openedAt
  }

  /**
   * Opens the journal, and creates it when it is missing. May be called again after an error.
   *
   * @throws JournalError
   */
  open(): void {
    if (this.#isOpen) return
    this.#folder.lock(this.#options.libc)
    this.#id = this.#folder.openId()
    this.#database = this.#folder.readDatabase()
    this.#loadedTo = this.#folder.readLoaded()
    this.journal.open()
    this.#isOpen = true
  }

  /** Notes the database that the journal is loaded into, once it knows the journal. */
  noteDatabase(database: string): void {
    this.#database = database
    this.#note(() => this.#folder.noteDatabase(database))
  }

  /** Notes that the database holds the whole journal. */
  noteLoaded(): void {
    this.#note(() => this.#folder.noteLoaded(this.journal.end))
  }

  /** A note is for later starts and for people: without room for it, this process works on. */
  #note(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#options.logger.error({ err: error }, 'a note beside the journal cannot be written')
    }
  }

  /**
   * Puts what earlier starts have left into a folder beside, and begins a journal with another
   * identity. Bytes of this process stay.
   *
   * @throws JournalError
   */
  setAside(): void {
    const facts = { journalId: this.#id, database: this.#database }
    const folder = this.#folder.setAside((aside) => this.journal.setAside(aside))
    this.#id = this.#folder.openId()
    this.#database = undefined
    this.#loadedTo = undefined
    this.#options.logger.warn(
      { ...facts, folder },
      'the journal is wholly loaded into another database: it is set aside, and a new one begins',
    )
  }

  /**
   * Creates again what somebody has deleted: the folder, or the segment that takes the bytes. Writes the
   * checksums of bytes that nobody has read. Call it now and then.
   *
   * @throws JournalError, or the system's error
   */
  mend(): void {
    const { libc, logger, folder } = this.#options
    if (this.#folder.isRemoved) {
      logger.error({ folder }, 'JOURNAL_DIR was removed while it is used: creating it again')
      this.#folder.unlock()
      this.#folder.lock(libc)
      this.#folder.openId(this.#id)
      if (this.#database !== undefined) this.noteDatabase(this.#database)
    }
    const position = this.journal.replaceDeleted()
    if (position !== undefined) logger.error({ folder, position }, SEGMENT_DELETED)
    this.journal.sealOld()
  }

  /** Closes the journal and gives its lock back. May be called twice. */
  close(): void {
    this.#isOpen = false
    this.journal.close()
    this.#folder.unlock()
  }
}

const SEGMENT_DELETED =
  'somebody has deleted the newest segment of the journal: going on in another one; its bytes are ' +
  'lost if this process is killed before it has loaded them'
