/** Errors of the API of senders: an HTTP status, and a sentence for people. */

const STATUS_WORDS = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'CONTENT_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'UNPROCESSABLE_CONTENT',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
} as const

type SendersStatus = keyof typeof STATUS_WORDS

interface SendersErrorDetail {
  /** The member of the body or the parameter that is wrong. */
  readonly where?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

export class SendersError extends Error {
  readonly status: SendersStatus
  readonly code: string
  readonly where: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(status: SendersStatus, message: string, detail: SendersErrorDetail = {}) {
    super(message, detail.cause === undefined ? {} : { cause: detail.cause })
    this.name = 'SendersError'
    this.status = status
    this.code = STATUS_WORDS[status]
    this.where = detail.where
    this.headers = detail.headers ?? {}
  }

  /** The body of the reply. */
  toJSON() {
    const { code, message, where } = this
    return { status: code, message, ...(where === undefined ? {} : { where }) }
  }
}
