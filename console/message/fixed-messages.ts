/** The layouts of messages without templates: v1 and v5 to v8. */

/** The offsets of addresses in the messages of one version, or of one scheme of v8. */
interface FixedMessage {
  readonly headerBytes: number
  readonly recordBytes: number
  /** IPv4 addresses, from the start of a record. */
  readonly addressesAt: readonly number[]
}

/** Source, destination, next hop. */
const COMMON = [0, 4, 8]

const BY_VERSION: ReadonlyMap<number, FixedMessage> = new Map([
  [1, { headerBytes: 16, recordBytes: 48, addressesAt: COMMON }],
  [5, { headerBytes: 24, recordBytes: 48, addressesAt: COMMON }],
  // The last is the next hop of the peer; in v7, the router that the switch has bypassed.
  [6, { headerBytes: 24, recordBytes: 52, addressesAt: [...COMMON, 48] }],
  [7, { headerBytes: 24, recordBytes: 52, addressesAt: [...COMMON, 48] }],
])

/** By aggregation scheme: the bytes of a record, then the offsets of its prefixes and addresses. */
const V8_SCHEMES: ReadonlyMap<number, readonly [number, ...number[]]> = new Map([
  [1, [28]],
  [2, [28]],
  [3, [32, 20]],
  [4, [32, 20]],
  [5, [40, 20, 24]],
  [6, [32, 0, 28]],
  [7, [40, 0, 4, 36]],
  [8, [44, 0, 4, 40]],
  [9, [32]],
  [10, [32]],
  [11, [32, 20]],
  [12, [32, 20]],
  [13, [40, 20, 24]],
  [14, [40, 20, 24]],
])
const V8_HEADER_BYTES = 28
const V8_SCHEME_AT = 22

/** Finds the layout of a message; undefined for other versions and unknown schemes. */
export function findFixedMessage(message: Buffer): FixedMessage | undefined {
  const version = message.readUInt16BE(0)
  if (version !== 8) return BY_VERSION.get(version)
  const scheme = V8_SCHEMES.get(message.length > V8_SCHEME_AT ? message.readUInt8(V8_SCHEME_AT) : 0)
  if (scheme === undefined) return undefined
  const [recordBytes, ...addressesAt] = scheme
  return { headerBytes: V8_HEADER_BYTES, recordBytes, addressesAt }
}
