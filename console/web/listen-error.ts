/** The error of a port that cannot be opened, with the reason and the remedy. */

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has it',
  EACCES: 'ports below 1024 need rights that this process does not have',
  EADDRNOTAVAIL: 'the address is none of this host',
}

/** The port cannot be opened. `code` is `WEB_PORT`. */
export class ListenError extends Error {
  readonly code = 'WEB_PORT'
  override readonly name = 'ListenError'

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const reason = REASONS[cause.code ?? ''] ?? cause.message
    super(
      `no page and no API: TCP port ${port} of ${host} cannot be opened, as ${reason}; ` +
        'set WEB_PORT or WEB_HOST',
      { cause },
    )
  }
}
