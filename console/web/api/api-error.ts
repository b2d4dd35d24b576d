/** Errors that a client can understand: a status, a code and one sentence with the remedy. */

/** Codes of errors, each with its HTTP status. */
export const API_ERRORS = {
  bad_parameter: 400,
  bad_filter: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  too_long: 414,
  wrong_host: 421,
  too_many_requests: 429,
  internal: 500,
  busy: 503,
  database_away: 503,
  timeout: 504,
} as const

type ApiErrorCode = keyof typeof API_ERRORS

/** The parameter at fault; in a filter also the offset of its first wrong character. */
interface ErrorPlace {
  readonly parameter: string
  readonly position?: number
}

interface ApiErrorOptions extends ErrorOptions {
  readonly where?: ErrorPlace
  /** How long the client should wait before it asks again. */
  readonly retryAfterSeconds?: number
}

/** An error whose message the client may read; `code` is one of `API_ERRORS`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly where: ErrorPlace | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ApiErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.where = options.where
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status() {
    return API_ERRORS[this.code]
  }
}

/** Creates the error of a parameter. */
export function badParameter(parameter: string, message: string): ApiError {
  return new ApiError('bad_parameter', `${parameter}: ${message}`, { where: { parameter } })
}
