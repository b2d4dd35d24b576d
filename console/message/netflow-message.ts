/** Recognizes messages of NetFlow and IPFIX by their headers. */

import { findFixedMessage } from './fixed-messages.ts'

const V9_HEADER_BYTES = 20
const IPFIX_HEADER_BYTES = 16
const SET_HEADER_BYTES = 4
const FIRST_DATA_SET = 256

/** Whether version, lengths and counts fit: other protocols hardly ever begin like this. */
export function isNetflowMessage(payload: Buffer): boolean {
  if (payload.length < IPFIX_HEADER_BYTES) return false
  const version = payload.readUInt16BE(0)
  const count = payload.readUInt16BE(2)
  switch (version) {
    case 9:
      return hasSet(payload, V9_HEADER_BYTES, payload.length, [0, 1])
    case 10: {
      const isEmpty = count === IPFIX_HEADER_BYTES
      return (
        count <= payload.length && (isEmpty || hasSet(payload, IPFIX_HEADER_BYTES, count, [2, 3]))
      )
    }
    default: {
      const layout = findFixedMessage(payload)
      if (layout === undefined || (count === 0 && version !== 8)) return false
      return payload.length >= layout.headerBytes + count * layout.recordBytes
    }
  }
}

/** Whether a set that may be the first begins at `at`. */
function hasSet(
  payload: Buffer,
  at: number,
  end: number,
  templateSets: readonly number[],
): boolean {
  if (at + SET_HEADER_BYTES > end) return false
  const id = payload.readUInt16BE(at)
  const length = payload.readUInt16BE(at + 2)
  if (id < FIRST_DATA_SET && !templateSets.includes(id)) return false
  return length >= SET_HEADER_BYTES && at + length <= end
}
