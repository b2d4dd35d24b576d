/** Recognizes messages of NetFlow and IPFIX by their headers. */

const HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 16],
  [5, 24],
  [6, 24],
  [7, 24],
  [8, 28],
  [9, 20],
  [10, 16],
])
const RECORD_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 48],
  [5, 48],
  [6, 52],
  [7, 52],
])
/** A record of v8 has at least this many bytes. */
const MIN_V8_RECORD_BYTES = 28
const MAX_V8_SCHEME = 14
const SET_HEADER_BYTES = 4
const FIRST_DATA_SET = 256

/** Whether version, lengths and counts fit: other protocols hardly ever begin like this. */
export function isNetflowMessage(payload: Buffer): boolean {
  const version = payload.length < 2 ? 0 : payload.readUInt16BE(0)
  const headerBytes = HEADER_BYTES.get(version)
  if (headerBytes === undefined || payload.length < headerBytes) return false
  const count = payload.readUInt16BE(2)
  switch (version) {
    case 8:
      return isScheme(payload) && payload.length >= headerBytes + count * MIN_V8_RECORD_BYTES
    case 9:
      return hasSet(payload, headerBytes, payload.length, [0, 1])
    case 10:
      return (
        count <= payload.length && (count === 16 || hasSet(payload, headerBytes, count, [2, 3]))
      )
    default:
      return count > 0 && payload.length >= headerBytes + count * (RECORD_BYTES.get(version) ?? 0)
  }
}

function isScheme(payload: Buffer): boolean {
  const scheme = payload.readUInt8(22)
  return scheme > 0 && scheme <= MAX_V8_SCHEME
}

/** Whether a set that may be the first stands at `at`. */
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
