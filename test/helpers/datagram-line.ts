/** The collector's line of a datagram as text, by the collector's own encoder. */

import {
  encodeSource,
  encodeTime,
  measureDatagramLine,
  writeDatagramLine,
} from '../../shared/pipe-line.ts'

/**
 * Encodes one datagram as a line with its newline.
 *
 * @param receivedAtMs Unix milliseconds; microseconds are kept
 */
export function encodeDatagramLine(
  payload: Buffer,
  receivedAtMs: number,
  address: string,
  port: number,
): string {
  const time = encodeTime(receivedAtMs)
  const source = encodeSource(address, port)
  const datagram = { buffer: payload, start: 0, end: payload.length, time, source }
  const line = Buffer.alloc(measureDatagramLine(datagram))
  writeDatagramLine(line, 0, datagram)
  return line.toString('latin1')
}
