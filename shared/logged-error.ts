/**
 * Chooses the parts of an error for the log. An error that an operator can solve is one line; only
 * a fault of this program has a stack.
 */

/** An error as a log shows it. */
interface LoggedError {
  readonly type: string
  readonly code?: string
  readonly message: string
  /** The system's or the server's own words. */
  readonly cause?: string
  readonly stack?: string
}

/** Errors that the language throws when a program is wrong. */
const FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError] as const
const FIRST_FRAME = /^\s+at .*$/m

/**
 * Whether an error means that this program is wrong. An error with a code was expected. So was an
 * error that a library throws without a code, such as that of pg for a broken connection.
 */
export function isFault(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  if (FAULTS.some((kind) => error instanceof kind) || error.name === 'AssertionError') return true
  if (codeOf(error) !== undefined || error instanceof AggregateError) return false
  return !FIRST_FRAME.exec(error.stack ?? '')?.[0].includes('node_modules')
}

/** Returns the message of an error as one line. */
export function describeCause(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error))
  // A host with several addresses has an error for each, and no message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(describeCause))].join('; ')
  }
  return oneLine(error.message || codeOf(error) || error.name)
}

/**
 * Returns the parts of an error for a log. Its other properties are left out, because they may
 * contain a password.
 */
export function serializeError(error: unknown): LoggedError {
  const { name = 'Error', stack, cause } = error instanceof Error ? error : ({} as Partial<Error>)
  const code = codeOf(error)
  return {
    type: name,
    ...(code === undefined ? {} : { code }),
    message: describeCause(error),
    ...(cause === undefined ? {} : { cause: describeCause(cause) }),
    ...(isFault(error) && stack !== undefined ? { stack } : {}),
  }
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
