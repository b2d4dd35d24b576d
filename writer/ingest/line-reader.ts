/**
 * Reads a line of the pipe: a datagram straight into the decoder's buffer, or a collector's report.
 * `shared/pipe-line.ts` describes the format. Nothing in a line makes it throw.
 */

import { type CollectorReport, MAX_DATAGRAM_BYTES } from '../../shared/pipe-line.ts'
import { LineTail } from './line-tail.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
/** Unix seconds of the year 2255: numbers hold later microseconds no longer exactly. */
const MAX_SECONDS = 9_007_199_254
const MAX_MICROS = MAX_SECONDS * 1e6

/** Brackets and braces to try as the beginning of a line: a good line has two at most. */
const MAX_BEGINNINGS = 3

/** The facts after the payload. */
type LineFacts = Pick<LineTail, 'receivedAtMicros' | 'address' | 'port'>

/** The kinds of lines. */
export type LineKind = 'datagram' | 'report' | 'empty' | 'malformed'

export class LineReader {
  /** Bytes of the datagram in the buffer. */
  length = 0
  receivedAtMicros = 0
  address = ''
  port = 0
  report: CollectorReport | undefined
  /** A line that was cut came directly before this one, and is lost. */
  isAfterTorn = false
  readonly #datagram: Buffer
  readonly #tail = new LineTail()

  /** @param datagram receives each datagram; at least 65,507 bytes */
  constructor(datagram: Buffer) {
    this.#datagram = datagram
  }

  /**
   * Reads the line in `start`…`end` of `bytes` into the fields of this object. A line that makes no
   * sense may be a cut line followed by a whole one, which is then read: `isAfterTorn`.
   */
  read(bytes: Buffer, start: number, end: number): LineKind {
    this.isAfterTorn = false
    const kind = this.#readWhole(bytes, start, end)
    return kind === 'malformed' ? this.#readAfterTorn(bytes, start, end) : kind
  }

  #readAfterTorn(bytes: Buffer, start: number, end: number): LineKind {
    let from = end
    for (let attempt = 0; attempt < MAX_BEGINNINGS; attempt++) {
      const bracket = bytes.lastIndexOf(OPEN_BRACKET, from - 1)
      const brace = bytes.lastIndexOf(OPEN_BRACE, from - 1)
      from = Math.max(bracket, brace)
      if (from <= start) return 'malformed'
      const kind = this.#readWhole(bytes, from, end)
      this.isAfterTorn = kind !== 'malformed'
      if (this.isAfterTorn) return kind
    }
    return 'malformed'
  }

  #readWhole(bytes: Buffer, start: number, end: number): LineKind {
    let at = start
    while (at < end && isSpace(bytes[at])) at++
    if (at === end) return 'empty'
    if (bytes[at] === OPEN_BRACE) return this.#readReport(bytes.toString('utf8', at, end))
    if (bytes[at] !== OPEN_BRACKET) return 'malformed'
    do at++
    while (at < end && isSpace(bytes[at]))
    if (bytes[at] !== QUOTE) return 'malformed'
    const close = bytes.indexOf(QUOTE, at + 1)
    if (close < 0 || close >= end) return 'malformed'
    const payload = bytes.toString('latin1', at + 1, close)
    // Some JSON writers escape "/": rare enough for the slower way.
    if (bytes[close - 1] === BACKSLASH || payload.includes('\\')) {
      return this.#readEscaped(bytes.toString('utf8', start, end))
    }
    if (this.#tail.read(bytes, close + 1, end)) return this.#take(payload, this.#tail)
    return this.#readParts(payload, parseJson(`[0${bytes.toString('latin1', close + 1, end)}`))
  }

  #readEscaped(line: string): LineKind {
    const parts = parseJson(line)
    const payload = Array.isArray(parts) ? parts[0] : undefined
    return typeof payload === 'string' ? this.#readParts(payload, parts) : 'malformed'
  }

  #readParts(payload: string, parts: unknown): LineKind {
    if (!Array.isArray(parts) || parts.length < 3) return 'malformed'
    const [, seconds, source] = parts as readonly unknown[]
    if (typeof seconds !== 'number' || !Array.isArray(source)) return 'malformed'
    const [address, port] = source as readonly unknown[]
    if (typeof address !== 'string' || typeof port !== 'number') return 'malformed'
    return this.#take(payload, { receivedAtMicros: Math.round(seconds * 1e6), address, port })
  }

  #take(payload: string, { receivedAtMicros, address, port }: LineFacts): LineKind {
    if (!(receivedAtMicros >= 0 && receivedAtMicros <= MAX_MICROS)) return 'malformed'
    if (!(port >= 0 && port <= 65_535)) return 'malformed'
    const length = base64Length(payload)
    if (length < 0 || length > MAX_DATAGRAM_BYTES) return 'malformed'
    // Node's decoder skips characters that are not base64, and then writes fewer bytes.
    if (this.#datagram.write(payload, 'base64') !== length) return 'malformed'
    this.length = length
    this.receivedAtMicros = receivedAtMicros
    this.address = address
    this.port = port
    return 'datagram'
  }

  #readReport(text: string): LineKind {
    const value = parseJson(text)
    if (!isReport(value)) return 'malformed'
    this.report = value
    return 'report'
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Returns the length of decoded base64, padded or not; −1 when the length is impossible. */
function base64Length(text: string): number {
  let length = text.length
  if (length % 4 === 1) return -1
  if (length % 4 === 0 && text.endsWith('=')) length -= text.endsWith('==') ? 2 : 1
  return Math.floor((length * 3) / 4)
}

/** Text that every database accepts: no control character, no half of a surrogate pair. */
const COLLECTOR_NAME = /^[^\p{Cc}\p{Cs}]{1,200}$/u

function isReport(value: unknown): value is CollectorReport {
  if (typeof value !== 'object' || value === null) return false
  const { collector, startedAt, time, received, forwarded, queueDropped, kernelDropped } =
    value as Record<string, unknown>
  return (
    typeof collector === 'string' &&
    COLLECTOR_NAME.test(collector) &&
    isTime(startedAt) &&
    isTime(time) &&
    isCount(received) &&
    isCount(forwarded) &&
    isCount(queueDropped) &&
    (kernelDropped === null || kernelDropped === undefined || isCount(kernelDropped))
  )
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_SECONDS
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
