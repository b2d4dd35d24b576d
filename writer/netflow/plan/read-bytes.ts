/**
 * Reads numbers of any width from a datagram. Callers have checked that the bytes are within the
 * datagram.
 */

const TWO_32 = 0x1_0000_0000

/** The bytes of one datagram and a view over them; reused for every datagram. */
export interface DatagramBytes {
  readonly bytes: Buffer
  readonly view: DataView
}

/** Bytes of a datagram, from `offset` (included) to `end` (excluded). */
export interface ByteRange {
  readonly datagram: DatagramBytes
  readonly offset: number
  readonly end: number
}

/** Creates a buffer for datagrams of at most `size` bytes. */
export function allocateDatagramBytes(size: number): DatagramBytes {
  const bytes = Buffer.alloc(size)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) }
}

/** Creates a view over bytes that the caller owns. */
export function viewDatagramBytes(bytes: Buffer): DatagramBytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

/**
 * Reads a big-endian unsigned integer of 0 to 8 bytes (reduced-size encoding, RFC 7011 section
 * 6.2), or the last 8 bytes of a longer one. Above 2⁵³ the result is rounded: use `readHigh` and
 * `readLow` where it must be exact.
 */
export function readUint(view: DataView, offset: number, length: number): number {
  switch (length) {
    case 0:
      return 0
    case 1:
      return view.getUint8(offset)
    case 2:
      return view.getUint16(offset)
    case 3:
      return view.getUint16(offset) * 256 + view.getUint8(offset + 2)
    case 4:
      return view.getUint32(offset)
    default:
      return readHigh(view, offset, length) * TWO_32 + view.getUint32(offset + length - 4)
  }
}

/** Reads a little-endian unsigned integer of any length. */
export function readSwappedUint(view: DataView, offset: number, length: number): number {
  let value = 0
  for (let at = offset + length - 1; at >= offset; at--) value = value * 256 + view.getUint8(at)
  return value
}

/** Reads bits 32 to 63 of an unsigned integer of any length. */
export function readHigh(view: DataView, offset: number, length: number): number {
  if (length <= 4) return 0
  return readUint(view, length > 8 ? offset + length - 8 : offset, Math.min(length - 4, 4))
}

/** Reads the low 32 bits of an unsigned integer of any length. */
export function readLow(view: DataView, offset: number, length: number): number {
  return length <= 4 ? readUint(view, offset, length) : view.getUint32(offset + length - 4)
}
