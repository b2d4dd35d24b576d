/** Errors that end a command with their message and an exit code. */

/** The command is written wrongly: exit code 2. */
export class UsageError extends Error {
  readonly code = 'BAD_USAGE'
  override readonly name = 'UsageError'
}

/** There is no answer: exit code 1. */
export class NoAnswerError extends Error {
  readonly code = 'NO_ANSWER'
  override readonly name = 'NoAnswerError'
}

/** Codes of errors that mean that there is no answer: their message says why, and what to do. */
export const NO_ANSWERS: ReadonlySet<string> = new Set([
  ...['NO_ANSWER', 'NOT_AN_ARCHIVE', 'ARCHIVE_BUSY', 'ARCHIVE_CHECK', 'NO_DUCKDB', 'NO_JOURNAL'],
  ...['BAD_SITE', 'NOT_FEDERATED'],
])

/** Turns a system's error, such as a full disk, into one that ends a command; others stay. */
export function explainSystemError(error: unknown): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  return new NoAnswerError(`${message}: mend this, and the same command goes on`, { cause: error })
}
