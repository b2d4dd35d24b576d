/** Sorts the database's errors by SQLSTATE: what may be tried again, and what never helps. */

/**
 * `retry`: the database is away or busy. `data`: a row cannot be stored. `access`: wrong password,
 * database or rights. `unexpected`: something that an operator has to look at.
 */
export type ErrorKind = 'retry' | 'data' | 'access' | 'unexpected'

/** By class or by whole SQLSTATE, the longer one wins (PostgreSQL, appendix A). */
const KINDS: Readonly<Record<string, readonly [kind: ErrorKind, condition: string]>> = {
  '08': ['retry', 'connection failure'],
  '53': ['retry', 'insufficient resources'],
  '57P': ['retry', 'the server is shutting down or starting'],
  '57014': ['retry', 'the statement was cancelled'],
  '58': ['retry', 'system error of the server'],
  '25006': ['retry', 'the database is read-only'],
  '40': ['retry', 'the transaction was rolled back'],
  '55P03': ['retry', 'a lock was not available'],
  '55006': ['retry', 'an object is in use'],
  XX: ['retry', 'internal error of the server'],
  '22': ['data', 'a value cannot be stored'],
  '23': ['data', 'a constraint is violated'],
  '28': ['access', 'the login is refused'],
  '3D': ['access', 'the database does not exist'],
  '42501': ['access', 'a right is missing'],
}

/** What is known of an error. */
export interface SqlError {
  readonly kind: ErrorKind
  /** Empty when the error did not come from the server. */
  readonly sqlState: string
  readonly condition: string
  readonly message: string
}

/** Sorts an error; one without SQLSTATE is a broken connection. */
export function describeError(error: unknown): SqlError {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? error)
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : ''
  if (sqlState === '') {
    return { kind: 'retry', sqlState, condition: 'the server cannot be reached', message: text }
  }
  for (const length of [5, 3, 2]) {
    const found = KINDS[sqlState.slice(0, length)]
    if (found) return { kind: found[0], sqlState, condition: found[1], message: text }
  }
  return { kind: 'unexpected', sqlState, condition: 'unexpected error', message: text }
}
