/** Turns a refusal of the database that waiting cannot mend into one sentence for an operator. */

import { describeCause } from '../../../shared/logged-error.ts'
import { DatabaseError } from './connection.ts'
import { describeError, type SqlError } from './sql-state.ts'

/**
 * Explains why the database cannot be used.
 *
 * @returns undefined when waiting may help
 */
export function explainRefusal(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error
  const described = describeError(error)
  return described.kind === 'retry' ? undefined : new DatabaseError(adviseOn(described), error)
}

function adviseOn({ condition, message, sqlState }: SqlError): string {
  const text = describeCause(message)
  const detail = sqlState === '' ? text : `${sqlState}: ${text}`
  return (
    `the database cannot be used: ${condition} (${detail}); ` +
    'check DATABASE_URL, and that the role owns the tables or the database'
  )
}
