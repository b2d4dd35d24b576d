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

/**
 * What a collector says about itself, cumulative since its start. The report stands in the pipe behind
 * just the datagrams that it counts: received, but for those that the queue dropped.
 */
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

/** One datagram and what its line says of it. All bytes are only lent for the call that gets it. */
export interface Datagram {
  /** Holds the payload, from `start` to `end`. */
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** From `encodeTime`; one for all datagrams that were received together. */
  readonly time: Buffer
  /** From `encodeSource`; worth keeping, as few exporters send many datagrams. */
  readonly source: Buffer
}

/** Encodes a receive time in Unix milliseconds; a fraction is kept to microseconds. */
export function encodeTime(receivedAtMs: number): Buffer {
  return Buffer.from(`", ${(receivedAtMs / 1000).toFixed(6)}, `, 'latin1')
}

/**
 * Writes another time over one from `encodeTime`, in a tenth of the time that a new one takes.
 *
 * @param seconds Unix seconds, ten digits
 * @param micros from 0 to 999,999
 */
export function overwriteTime(time: Buffer, seconds: number, micros: number): void {
  overwriteDigits(time, SECONDS_END, seconds, 10)
  overwriteDigits(time, SECONDS_END + 7, micros, 6)
}

function overwriteDigits(target: Buffer, end: number, value: number, count: number): void {
  let left = value
  for (let position = end - 1; position >= end - count; position -= 1) {
    const tens = (left / 10) >>> 0
    target[position] = ZERO + left - tens * 10
    left = tens
  }
}

/** Encodes where a datagram came from; `address` is as the system gives it. */
export function encodeSource(address: string, port: number): Buffer {
  return Buffer.from(`["${unmapAddress(address)}", ${port}]]\n`, 'latin1')
}

/** Tells how many bytes `writeDatagramLine` will write. */
export function measureDatagramLine({ start, end, time, source }: Datagram): number {
  return 2 + Math.ceil((end - start) / 3) * 4 + time.length + source.length
}

/**
 * Writes one datagram as a line with its newline; `target` has room from `position` on for as many
 * bytes as `measureDatagramLine` tells. A string of the whole line would take 2.5 times as long
 * (test/bench/line-bench.ts).
 *
 *     line   = '["' base64 time source
 *     time   = '", ' seconds with fraction ', '
 *     source = '["' address '", ' port ']]' LF
 */
export function writeDatagramLine(target: Buffer, position: number, datagram: Datagram): void {
  const { buffer, start, end, time, source } = datagram
  target[position] = BRACKET
  target[position + 1] = QUOTE
  const timeAt =
    position + 2 + target.write(buffer.toString('base64', start, end), position + 2, 'latin1')
  target.set(time, timeAt)
  target.set(source, timeAt + time.length)
}

/** Encodes a report as a line with its newline. */
export function encodeReportLine(report: CollectorReport): string {
  return `${JSON.stringify(report)}\n`
}

const BRACKET = 0x5b
const QUOTE = 0x22
const ZERO = 0x30
/** Where the seconds end in an encoded time, behind `", ` and ten digits. */
const SECONDS_END = 13

const MAPPED_PREFIX = '::ffff:'

/** Writes an IPv4-mapped IPv6 address as IPv4 and drops a zone id; others stay as they are. */
export function unmapAddress(address: string): string {
  if (address.startsWith(MAPPED_PREFIX) && address.includes('.')) {
    return address.slice(MAPPED_PREFIX.length)
  }
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
