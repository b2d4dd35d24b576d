/** The embedded server cannot be used; the message says what to do. */
export class ServerError extends Error {
  readonly code = 'NO_SERVER'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ServerError'
  }
}
