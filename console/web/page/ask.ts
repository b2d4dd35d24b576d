/** Asks the API. A question without an answer ends in an `AskError`. */

export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>

/** Why there is no answer; `code` is a code of the API, or `unreachable`. */
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
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

const MAX_TRIES = 6
const MAX_WAIT_SECONDS = 5

/**
 * Asks. A busy server is asked again after the time that it names.
 *
 * @throws AskError, and an AbortError when `signal` aborts
 */
export async function ask<Reply>(
  path: string,
  parameters: Parameters,
  signal?: AbortSignal,
): Promise<Reply> {
  for (let tries = 1; ; tries++) {
    const response = await send(urlOf(path, parameters), signal)
    const body: unknown = await response.json().catch(() => ({}))
    // A newer question may have ended this one while its answer was read.
    signal?.throwIfAborted()
    if (response.ok) return body as Reply
    const { error = 'internal', message = response.statusText, where } = body as Fault
    if (error !== 'busy' || tries === MAX_TRIES) throw new AskError(error, message, where)
    const seconds = Number(response.headers.get('retry-after') ?? 1)
    await wait(Math.min(seconds, MAX_WAIT_SECONDS) * 1000 * (0.5 + Math.random() / 2), signal)
  }
}

async function send(url: string, signal?: AbortSignal): Promise<Response> {
  try {
    const headers = { accept: 'application/json' }
    return await fetch(url, { headers, ...(signal && { signal }) })
  } catch (error) {
    if (isAbort(error)) throw error
    throw new AskError('unreachable', 'the server does not answer; the page tries again')
  }
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}

interface Fault {
  readonly error?: string
  readonly message?: string
  readonly where?: { parameter?: string; position?: number }
}

/** Whether an error only means that a newer question has replaced this one. */
export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError'
