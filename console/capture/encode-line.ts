/** Writes a datagram as a line of the pipe. */

import {
  encodeSource,
  encodeTime,
  measureDatagramLine,
  writeDatagramLine,
} from '../../shared/pipe-line.ts'
import type { CapturedDatagram } from './captured-datagram.ts'

/** Encodes a datagram as a line with its newline. */
export function encodeLine({ payload, receivedAtMicros, address, port }: CapturedDatagram): Buffer {
  const parts = {
    buffer: payload,
    start: 0,
    end: payload.length,
    time: encodeTime(receivedAtMicros / 1000),
    source: encodeSource(address, port),
  }
  const line = Buffer.allocUnsafe(measureDatagramLine(parts))
  writeDatagramLine(line, 0, parts)
  return line
}
