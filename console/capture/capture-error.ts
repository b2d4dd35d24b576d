/** A file that cannot be read to its end; the message says why and what to do. */
export class CaptureError extends Error {
  readonly code = 'BAD_CAPTURE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'CaptureError'
  }
}
