/** Advice for an operator about a database that refuses. */

import { describeCause } from '../../../shared/logged-error.ts'
import { DatabaseError } from './connection.ts'
import { describeError } from './sql-state.ts'

const GENERAL_REMEDY = 'check DATABASE_URL, and that the role owns the tables or the database'

/**
 * Turns an error into one whose message says what to do.
 *
 * @returns undefined when waiting may help
 */
export function adviseOn(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error
  const { kind, condition, message, sqlState, remedy = GENERAL_REMEDY } = describeError(error)
  if (kind === 'retry') return undefined
  const cause = describeCause(message)
  const detail = sqlState === '' ? cause : `${sqlState}: ${cause}`
  const text = `the database cannot be used: ${condition} (${detail}); ${remedy}`
  return new DatabaseError(text, error)
}
