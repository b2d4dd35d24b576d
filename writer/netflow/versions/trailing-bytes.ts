/**
 * Judges bytes that follow the end of a message in its datagram. They are counted and reported, but
 * never decoded, even if they look like a second message. A datagram carries one message: v9 has no
 * length that could end it, and no known exporter sends two. The bytes may be old content of the
 * exporter's buffer, so their flows may be stored already. If they are new, the sequence numbers
 * show them as lost.
 */

import type { DecodeResult } from '../decode-result.ts'
import { MessageHeader } from './message-header.ts'

/** Notes the bytes from `offset` up to `end`, unless all are zero: that is padding. */
export function noteTrailingBytes(
  view: DataView,
  offset: number,
  end: number,
  result: DecodeResult,
): void {
  if (isZero(view, offset, end)) return
  const length = end - offset
  result.trailingBytes += length
  const rest = new DataView(view.buffer, view.byteOffset + offset, length)
  const isMessage = new MessageHeader().read(rest, length) === undefined
  const detail = `${length} bytes after the message`
  result.report(isMessage ? 'second-message' : 'trailing-bytes', 0, detail)
}

/** Whether all bytes from `offset` up to `end` are zero. */
export function isZero(view: DataView, offset: number, end: number): boolean {
  for (let at = offset; at < end; at++) {
    if (view.getUint8(at) !== 0) return false
  }
  return true
}
