/** Turns the system's refusals to listen into errors that name a remedy. */

/** A UDP port cannot be listened on; `code` is `CANNOT_LISTEN`. */
export class ListenError extends Error {
  readonly code = 'CANNOT_LISTEN'

  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'ListenError'
  }
}

/** Explains an error of bind(2) for `port` on `host`. */
export function explainListenError(cause: unknown, host: string, port: number): ListenError {
  const code = codeOf(cause)
  const place = `UDP port ${port} on ${host}`
  if (code === 'EADDRINUSE') {
    return new ListenError(
      `${place} is in use: another collector or another program listens on it; stop it, or ` +
        'choose other ports with NETFLOW_PORT',
      cause,
    )
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new ListenError(
      `no permission to listen on ${place}: ports below 1024 need CAP_NET_BIND_SERVICE; grant ` +
        'it, or choose a higher port with NETFLOW_PORT',
      cause,
    )
  }
  if (code === 'EADDRNOTAVAIL') {
    return new ListenError(
      `cannot listen on ${place}: no interface of this machine has the address; set NETFLOW_HOST ` +
        'to one that it has, or leave it out to listen on all',
      cause,
    )
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ListenError(
    `cannot listen on ${place}: ${reason}; check NETFLOW_HOST and NETFLOW_PORT`,
    cause,
  )
}

/** Whether the error means that the system has no IPv6, rather than that it refuses `::`. */
export function isIpv6Off(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EPROTONOSUPPORT'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
