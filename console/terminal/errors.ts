/** Errors that end a command with a message and an exit code. */

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
