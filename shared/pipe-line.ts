/**
 * The line format between collector and writer, both directions. One datagram a line:
 *
 *     ["<base64 payload>", <receive time, Unix seconds with fraction>, ["<address>", <port>]]\n
 *
 * A line that begins with `{` is a report of the collector about itself. Nothing here looks into
 * a payload.
 */

/** The largest UDP payload over IPv4; IPv6 jumbograms are not supported. */
export const MAX_DATAGRAM_BYTES = 65_507

/** What a collector says about itself, cumulative since its start. */
export interface CollectorReport {
  /** Names this start of the collector; unique. */
  readonly collector: string
  /** Unix seconds. */
  readonly startedAt: number
  /** When the report was made, Unix seconds. */
  readonly time: number
  /** Datagrams that the sockets gave. */
  readonly received: number
  /** Datagrams whose line went into the pipe. */
  readonly forwarded: number
  /** Datagrams dropped because the queue was full, or not drained before the stop deadline. */
  readonly queueDropped: number
  /** Datagrams that the kernel dropped at this collector's sockets; null where unknown. */
  readonly kernelDropped: number | null
  /** True in the last report of a graceful stop. */
  readonly final: boolean
}

/**
 * Encodes one datagram as a line with its newline.
 *
 * @param receivedAtMs receive time in Unix milliseconds, fraction allowed (kept to microseconds)
 */
export function encodeDatagramLine(
  payload: Buffer,
  receivedAtMs: number,
  address: string,
  port: number,
): string {
  const seconds = (receivedAtMs / 1000).toFixed(6)
  return `["${payload.toString('base64')}", ${seconds}, ["${unmapAddress(address)}", ${port}]]\n`
}

/** Encodes a report as a line with its newline. */
export function encodeReportLine(report: CollectorReport): string {
  return `${JSON.stringify(report)}\n`
}

const MAPPED_PREFIX = '::ffff:'

/** Writes an IPv4-mapped IPv6 address as IPv4 and drops a zone id; others stay as they are. */
export function unmapAddress(address: string): string {
  if (address.startsWith(MAPPED_PREFIX) && address.includes('.')) {
    return address.slice(MAPPED_PREFIX.length)
  }
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
