/** Asks the API, and sorts what can go wrong. */

export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>

/** The server's answer when it has none; `code` is of the API, or `unreachable`. */
export class AskError extends Error {
  override readonly name = 'AskError'
  readonly code: string
  readonly parameter: string | undefined
  readonly position: number | undefined

  constructor(
    code: string,
    message: string,
    where: { parameter?: string; position?: number } = {},
  ) {
    super(message)
    this.code = code
    this.parameter = where.parameter
    this.position = where.position
  }

  /** Whether asking again later may help. */
  get isTemporary(): boolean {
    return ['database_away', 'busy', 'unreachable', 'too_many_requests'].includes(this.code)
  }
}

/** Writes the URL of a question; parameters that are undefined or empty are left out. */
export function urlOf(path: string, parameters: Parameters): string {
  const search = new URLSearchParams()
  for (const [name, own] of Object.entries(parameters)) {
    if (own !== undefined && own !== '') search.set(name, String(own))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

/** @throws AskError; an AbortError when the signal says so */
export async function ask<Reply>(
  path: string,
  parameters: Parameters,
  signal?: AbortSignal,
): Promise<Reply> {
  let response: Response
  try {
    response = await fetch(urlOf(path, parameters), {
      headers: { accept: 'application/json' },
      ...(signal && { signal }),
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new AskError('unreachable', 'the server does not answer; the page tries again')
  }
  const body: unknown = await response.json().catch(() => ({}))
  if (response.ok) return body as Reply
  const { error = 'internal', message = response.statusText, where } = body as Fault
  throw new AskError(error, message, where)
}

interface Fault {
  readonly error?: string
  readonly message?: string
  readonly where?: { parameter?: string; position?: number }
}

/** Whether an error only says that a newer question has replaced this one. */
export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError'
