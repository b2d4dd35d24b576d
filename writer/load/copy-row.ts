/**
 * Encodes a flow record as one tuple of PostgreSQL's binary COPY format, straight into a buffer. It
 * neither checks the buffer's size (see `maxRowBytes`) nor knows anything about connections.
 */

import { FIELD, type FlowRecord, type MessageContext } from '../netflow/flow-record.ts'
import { FIELD_LIMITS, FLOW_COLUMNS, MAX_TIME_MICROS } from './flow-columns.ts'

/** A buffer with one DataView over all of it (u32 write 1 ns; `Buffer.writeUInt32BE` 6 ns). */
export interface RowBuffer {
  readonly bytes: Buffer
  readonly view: DataView
}

/** From the Unix epoch to PostgreSQL's, 2000-01-01 UTC. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000
export const INET_FAMILY = { ipv4: 2, ipv6: 3 } as const
export const JSONB_VERSION = 1

const TWO_32 = 0x1_0000_0000
/** Every column present and every address IPv6, without `extra`: 34 lengths, then the values. */
const MAX_FIXED_BYTES = 2 + FLOW_COLUMNS.length * 4 + 11 * 8 + 4 * 4 + 2 * 6 + 12 * 2 + 4 * 20

/** Gives the room that a record needs at most; a UTF-16 unit is at most 3 bytes of UTF-8. */
export function maxRowBytes(record: FlowRecord): number {
  if (!record.has(FIELD.extra)) return MAX_FIXED_BYTES
  return MAX_FIXED_BYTES + 1 + record.extra.length * 3
}

/**
 * Encodes one record at `start` and gives the offset behind it. An absent field, and a number that
 * its column cannot hold, becomes NULL; a receive time out of range is clamped, as it must not be
 * NULL. The order is that of `FLOW_COLUMNS`.
 *
 *     tuple     = columns:i16 (length:i32=-1 | length:i32 value)*columns
 *     timestamp = length=8 microsSince2000:i64
 *     bigint    = length=8 i64      integer = length=4 i32      smallint = length=2 i16
 *     macaddr   = length=6 byte*6
 *     inet      = length=8|20 family:u8=2|3 bits:u8=32|128 isCidr:u8=0 size:u8=4|16 byte*size
 *     jsonb     = length version:u8=1 utf8
 *
 * (PostgreSQL: "COPY", Binary Format; the values as its `*_send` functions write them)
 */
export function encodeRow(
  target: RowBuffer,
  start: number,
  record: FlowRecord,
  message: MessageContext,
): number {
  const { view } = target
  const { present, values } = record
  view.setInt16(start, FLOW_COLUMNS.length)
  let at = putTime(view, start + 2, clampTime(message.receivedAtMicros))
  at = putOptionalTime(view, at, record, FIELD.flowStart)
  at = putOptionalTime(view, at, record, FIELD.flowEnd)
  at = putBigint(view, at, message.observationDomain)
  at = putCounter(view, at, record, FIELD.bytes)
  at = putCounter(view, at, record, FIELD.packets)
  for (let field: number = FIELD.inputIf; field <= FIELD.samplingRate; field++) {
    const value = values[field] as number
    at = fits(present, field, value) ? putBigint(view, at, value) : putNull(view, at)
  }
  for (let field: number = FIELD.srcPort; field <= FIELD.dstVlan; field++) {
    const value = values[field] as number
    at = fits(present, field, value) ? putInteger(view, at, value) : putNull(view, at)
  }
  for (let field: number = FIELD.srcMac; field <= FIELD.dstMac; field++) {
    const value = values[field] as number
    at = fits(present, field, value) ? putMac(view, at, value) : putNull(view, at)
  }
  at = putSmallint(view, at, message.exportVersion)
  for (let field: number = FIELD.protocol; field <= FIELD.event; field++) {
    const value = values[field] as number
    at = fits(present, field, value) ? putSmallint(view, at, value) : putNull(view, at)
  }
  at = putExporter(view, at, message.exporterBytes)
  for (let field: number = FIELD.srcAddr; field <= FIELD.nextHop; field++) {
    at = (present & (1 << field)) !== 0 ? putAddress(view, at, record, field) : putNull(view, at)
  }
  if ((present & (1 << FIELD.extra)) === 0) return putNull(view, at)
  return putJson(target, at, record.extra)
}

/** The decoder promises the range; this keeps a mistake of it from making a bad tuple. */
function fits(present: number, field: number, value: number): boolean {
  return (present & (1 << field)) !== 0 && value >= 0 && value <= (FIELD_LIMITS[field] as number)
}

function clampTime(micros: number): number {
  // Written so that NaN becomes 0.
  return micros > 0 ? Math.min(micros, MAX_TIME_MICROS) : 0
}

function putNull(view: DataView, at: number): number {
  view.setInt32(at, -1)
  return at + 4
}

function putTime(view: DataView, at: number, micros: number): number {
  return putInt64(view, at, micros - POSTGRES_EPOCH_MICROS)
}

function putOptionalTime(
  view: DataView,
  at: number,
  record: FlowRecord,
  field: typeof FIELD.flowStart | typeof FIELD.flowEnd,
): number {
  const micros = record.values[field] as number
  return fits(record.present, field, micros) ? putTime(view, at, micros) : putNull(view, at)
}

function putBigint(view: DataView, at: number, value: number): number {
  if (value >= TWO_32) return putInt64(view, at, value)
  view.setInt32(at, 8)
  view.setInt32(at + 4, 0)
  view.setUint32(at + 8, value)
  return at + 12
}

/** Takes whole numbers of either sign that a number holds exactly. */
function putInt64(view: DataView, at: number, value: number): number {
  const high = Math.floor(value / TWO_32)
  view.setInt32(at, 8)
  view.setInt32(at + 4, high)
  view.setUint32(at + 8, value - high * TWO_32)
  return at + 12
}

function putCounter(
  view: DataView,
  at: number,
  record: FlowRecord,
  field: typeof FIELD.bytes | typeof FIELD.packets,
): number {
  const high = field === FIELD.bytes ? record.bytesHigh : record.packetsHigh
  const low = record.values[field] as number
  // A low half of more than 32 bits is a plain number; then the high half is not its own.
  const isPlain = low >= TWO_32
  if (!fits(record.present, field, low) || !(high >= 0 && high < 0x8000_0000)) {
    return putNull(view, at)
  }
  if (isPlain) return putInt64(view, at, low)
  view.setInt32(at, 8)
  view.setInt32(at + 4, high)
  view.setUint32(at + 8, low)
  return at + 12
}

function putInteger(view: DataView, at: number, value: number): number {
  view.setInt32(at, 4)
  view.setInt32(at + 4, value)
  return at + 8
}

function putSmallint(view: DataView, at: number, value: number): number {
  view.setInt32(at, 2)
  view.setInt16(at + 4, value)
  return at + 6
}

function putMac(view: DataView, at: number, value: number): number {
  const high = Math.floor(value / TWO_32)
  view.setInt32(at, 6)
  view.setUint16(at + 4, high)
  view.setUint32(at + 6, value - high * TWO_32)
  return at + 10
}

/** Family, bits, isCidr and size of an inet value, as one word. */
const INET4_HEAD = (INET_FAMILY.ipv4 << 24) | (32 << 16) | 4
const INET6_HEAD = (INET_FAMILY.ipv6 << 24) | (128 << 16) | 16

function putAddress(view: DataView, at: number, record: FlowRecord, field: number): number {
  const { addresses } = record
  const word = field * 4
  if (record.families[field] === 4) {
    view.setInt32(at, 8)
    view.setInt32(at + 4, INET4_HEAD)
    view.setUint32(at + 8, addresses[word] as number)
    return at + 12
  }
  view.setInt32(at, 20)
  view.setInt32(at + 4, INET6_HEAD)
  view.setUint32(at + 8, addresses[word] as number)
  view.setUint32(at + 12, addresses[word + 1] as number)
  view.setUint32(at + 16, addresses[word + 2] as number)
  view.setUint32(at + 20, addresses[word + 3] as number)
  return at + 24
}

function putExporter(view: DataView, at: number, address: Uint8Array): number {
  const size = address.length
  view.setInt32(at, size + 4)
  view.setInt32(at + 4, size === 4 ? INET4_HEAD : INET6_HEAD)
  for (let index = 0; index < size; index++) view.setUint8(at + 8 + index, address[index] as number)
  return at + 8 + size
}

function putJson(target: RowBuffer, at: number, json: string): number {
  const size = target.bytes.write(json, at + 5)
  target.view.setInt32(at, size + 1)
  target.view.setUint8(at + 4, JSONB_VERSION)
  return at + 5 + size
}
