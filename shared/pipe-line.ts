/**
 * The line format between collector and writer, both directions. One datagram a line:
 *
 *     ["<base64 payload>", <receive time, Unix seconds with fraction>, ["<address>", <port>]]\n
 *
 * A line that begins with `{` is a report of the collector about itself.
 */

/** The largest UDP payload over IPv4; jumbograms of IPv6 are not supported. */
export const MAX_DATAGRAM_BYTES = 65_507

/**
 * The counts of a collector since its start. In the pipe, a report comes directly after the
 * datagrams that it counts: all received ones except those that the queue dropped.
 */
export interface CollectorReport {
  /** The unique name of this start of the collector. */
  readonly collector: string
  /** Unix seconds. */
  readonly startedAt: number
  /** The time of the report, Unix seconds. */
  readonly time: number
  /** Datagrams received from the sockets. */
  readonly received: number
  /** Datagrams whose line is in the pipe. */
  readonly forwarded: number
  /** Datagrams dropped because the queue was full, or still queued at the deadline of a stop. */
  readonly queueDropped: number
  /** Datagrams that the kernel dropped at this collector's sockets; null where unknown. */
  readonly kernelDropped: number | null
  /** True in the last report of a graceful stop. */
  readonly final: boolean
}

/** A datagram and the other parts of its line. All buffers are lent for one call. */
export interface Datagram {
  /** Contains the payload, from `start` to `end`. */
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** From `encodeTime`; datagrams received together may share it. */
  readonly time: Buffer
  /** From `encodeSource`; worth a cache, because few exporters send many datagrams. */
  readonly source: Buffer
}

/** Encodes a receive time in Unix milliseconds, with microseconds as its fraction. */
export function encodeTime(receivedAtMs: number): Buffer {
  return Buffer.from(`", ${(receivedAtMs / 1000).toFixed(6)}, `, 'latin1')
}

/**
 * Overwrites a time from `encodeTime` by another, in a tenth of the time of encoding a new one.
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

/** Encodes the source of a datagram; `address` is as the system writes it. */
export function encodeSource(address: string, port: number): Buffer {
  return Buffer.from(`["${unmapAddress(address)}", ${port}]]\n`, 'latin1')
}

/** Counts the bytes that `writeDatagramLine` will write. */
export function measureDatagramLine({ start, end, time, source }: Datagram): number {
  return 2 + Math.ceil((end - start) / 3) * 4 + time.length + source.length
}

/**
 * Writes a datagram as a line with its newline. `target` has room for the measured bytes from
 * `position` on. A string of the whole line would take 2.5 times as long
 * (test/bench/instruments/line.ts).
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
/** The end of the seconds in an encoded time, after `", ` and ten digits. */
const SECONDS_END = 13

const MAPPED_PREFIX = '::ffff:'

/** Writes an IPv4-mapped IPv6 address as IPv4, and removes a zone id. */
export function unmapAddress(address: string): string {
  if (address.startsWith(MAPPED_PREFIX) && address.includes('.')) {
    return address.slice(MAPPED_PREFIX.length)
  }
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
