/** Encodes arrays of one dimension as PostgreSQL reads them from a parameter. */

/** From the Unix epoch to PostgreSQL's, 2000-01-01 UTC. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000

/** The types in PostgreSQL. Times are Unix microseconds. */
export type ElementType =
  | 'inet'
  | 'text'
  | 'boolean'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'timestamptz'

/** Object ids of the types in the system catalog, which never change, and bytes of a value. */
const FIXED = {
  boolean: { oid: 16, bytes: 1 },
  smallint: { oid: 21, bytes: 2 },
  integer: { oid: 23, bytes: 4 },
  bigint: { oid: 20, bytes: 8 },
  timestamptz: { oid: 1184, bytes: 8 },
} as const

type FixedType = keyof typeof FIXED

const TEXT_OID = 25
const HEAD_BYTES = 20
const LENGTH_BYTES = 4
const TWO_32 = 0x1_0000_0000
const TWO_63 = 2 ** 63

/**
 * Encodes values, of which null is NULL, and so is a number that is not finite.
 *
 *     array   = dimensions:i32=1 hasNull:i32 elementType:i32 size:i32 lowerBound:i32=1 element*size
 *             | dimensions:i32=0 hasNull:i32=0 elementType:i32
 *     element = length:i32=-1 | length:i32 value               (PostgreSQL: array_recv)
 *
 * @returns the binary format; for addresses the text format, as their texts need no escape
 */
export function encodeArray(type: ElementType, values: readonly unknown[]): string | Buffer {
  if (type === 'inet') return `{${values.map((value) => value ?? 'null').join(',')}}`
  if (type === 'text') return encodeTexts(values)
  return encodeFixed(type, values)
}

function encodeFixed(type: FixedType, values: readonly unknown[]): Buffer {
  const { oid, bytes } = FIXED[type]
  const { buffer, view } = begin(oid, values.length, values.length * bytes)
  let at = HEAD_BYTES
  for (const value of values) {
    if (!Number.isFinite(Number(value ?? Number.NaN))) {
      view.setInt32(at, -1)
      at += LENGTH_BYTES
      continue
    }
    view.setInt32(at, bytes)
    putFixed(view, at + LENGTH_BYTES, type, Number(value))
    at += LENGTH_BYTES + bytes
  }
  return values.length === 0 ? buffer : buffer.subarray(0, at)
}

function putFixed(view: DataView, at: number, type: FixedType, value: number): void {
  if (type === 'boolean') view.setInt8(at, value)
  else if (type === 'smallint') view.setInt16(at, value)
  else if (type === 'integer') view.setInt32(at, value)
  else if (type === 'bigint') putBigint(view, at, value)
  else putBigint(view, at, value - POSTGRES_EPOCH_MICROS)
}

function putBigint(view: DataView, at: number, value: number): void {
  const isTooLarge = value >= TWO_63
  view.setInt32(at, isTooLarge ? 0x7fff_ffff : Math.floor(value / TWO_32))
  // setInt32 drops the bits above 32, of negative numbers as well.
  view.setInt32(at + 4, isTooLarge ? -1 : value)
}

function encodeTexts(values: readonly unknown[]): Buffer {
  let bytes = 0
  for (const value of values) bytes += typeof value === 'string' ? Buffer.byteLength(value) : 0
  const { buffer, view } = begin(TEXT_OID, values.length, bytes)
  let at = HEAD_BYTES
  for (const value of values) {
    const size = typeof value === 'string' ? buffer.write(value, at + LENGTH_BYTES) : -1
    view.setInt32(at, size)
    at += LENGTH_BYTES + Math.max(0, size)
  }
  return buffer
}

function begin(
  oid: number,
  count: number,
  valueBytes: number,
): { readonly buffer: Buffer; readonly view: DataView } {
  const head = count === 0 ? 12 : HEAD_BYTES
  const buffer = Buffer.allocUnsafe(head + count * LENGTH_BYTES + valueBytes)
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  view.setInt32(0, count === 0 ? 0 : 1)
  view.setInt32(4, count === 0 ? 0 : 1)
  view.setInt32(8, oid)
  if (count === 0) return { buffer, view }
  view.setInt32(12, count)
  view.setInt32(16, 1)
  return { buffer, view }
}
