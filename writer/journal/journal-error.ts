/** What an operator has to know when the journal cannot be used. */

/** The journal's folder cannot be used; the message says what to do. */
export class JournalError extends Error {
  readonly code = 'NO_JOURNAL'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'JournalError'
  }
}
