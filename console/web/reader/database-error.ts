/** Turns errors of the database into errors of the API, by SQLSTATE. */

import { FilterError } from '../../query/filter/filter-error.ts'
import { ApiError } from '../api/api-error.ts'

const RETRY_AFTER_SECONDS = 5
const CANCELLED = '57014'
const FORBIDDEN = '42501'
/** Tables, columns or functions of this version are missing. */
const MISSING = new Set(['42P01', '42703', '42883', '3F000'])
/** Connections, resources, an operator's intervention, errors of the system. */
const AWAY = /^(08|53|57P|58|25006|28|3D000)/
/** Values that the server refuses. */
const BAD_VALUE = /^(22|54)/

/** Returns the error for the client; an error that is not the database's is returned unchanged. */
export function databaseError(error: unknown): unknown {
  if (error instanceof ApiError || error instanceof FilterError || !(error instanceof Error)) {
    return error
  }
  const { code = '', message } = error as Error & { readonly code?: string }
  if (code === CANCELLED) {
    return new ApiError(
      'timeout',
      'the answer takes too long: ask for a shorter range, a longer step, or fewer flows by a filter',
      { cause: error },
    )
  }
  if (BAD_VALUE.test(code)) {
    return new ApiError('bad_parameter', `the database refuses a value: ${message}`, {
      cause: error,
    })
  }
  if (code === FORBIDDEN) {
    return away('its role may not read the tables: give it netflow_reader', error)
  }
  if (MISSING.has(code)) {
    return away('it has no tables of this version: npm run migrate', error)
  }
  if (AWAY.test(code) || !/^[0-9A-Z]{5}$/.test(code) || isConnectionError(code)) {
    if (code === '' && !/connect|terminat|timeout|socket/i.test(message)) return error
    return away('it cannot be reached', error)
  }
  return error
}

/** Whether a code is one of the system, such as ECONNREFUSED. */
function isConnectionError(code: string): boolean {
  return /^E[A-Z]+$/.test(code)
}

function away(reason: string, cause: unknown): ApiError {
  return new ApiError('database_away', `no answer from the database: ${reason}`, {
    cause,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
}
