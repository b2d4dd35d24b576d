/**
 * Writes values as JSON into bytes: the usual formats at once, the others as `formatJson` writes
 * them. Both write the same text.
 */

import type { JsonBytes } from '../json-bytes.ts'
import { FORMAT, type Format, formatJson } from './extra-json.ts'
import { type DatagramBytes, readHigh, readLow } from './read-bytes.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DOT = 0x2e
const COLON = 0x3a
const FIRST_PRINTABLE = 0x20
const FIRST_AFTER_ASCII = 0x80
const UINT_BYTES = 8
const IPV4_BYTES = 4
const MAC_BYTES = 6
/** A high half below it keeps the whole number within 53 bits. */
const MAX_SAFE_HIGH = 0x20_0000
const TWO_32 = 0x1_0000_0000

/** Writes the value of `length` bytes at `offset`. */
export function writeJson(
  json: JsonBytes,
  format: Format,
  datagram: DatagramBytes,
  [offset, length]: readonly [offset: number, length: number],
): void {
  const { bytes } = datagram
  if (format === FORMAT.uint && writeUint(json, datagram, offset, length)) return
  if (format === FORMAT.text && writeText(json, bytes, offset, length)) return
  if (format === FORMAT.hex) writeHex(json, bytes, offset, length)
  else if (format === FORMAT.ipv4 && length === IPV4_BYTES) writeIpv4(json, bytes, offset)
  else if (format === FORMAT.mac && length === MAC_BYTES) writeMac(json, bytes, offset)
  else json.putText(formatJson(format, datagram, offset, length))
}

/** Returns false if the width or the value needs more than a number. */
function writeUint(
  json: JsonBytes,
  { view }: DatagramBytes,
  offset: number,
  length: number,
): boolean {
  if (length < 1 || length > UINT_BYTES) return false
  const high = readHigh(view, offset, length)
  if (high >= MAX_SAFE_HIGH) return false
  json.putUint(high * TWO_32 + readLow(view, offset, length))
  return true
}

/**
 * Writes text that needs no escape, without the NULs after it. Returns false, and writes nothing, for
 * any other text.
 */
function writeText(json: JsonBytes, source: Buffer, offset: number, length: number): boolean {
  let end = offset + length
  while (end > offset && source[end - 1] === 0) end--
  json.reserve(length + 2)
  const target = json.bytes
  let at = json.length
  target[at++] = QUOTE
  for (let index = offset; index < end; index++) {
    const byte = source[index] as number
    const isPlain = byte >= FIRST_PRINTABLE && byte < FIRST_AFTER_ASCII
    if (!isPlain || byte === QUOTE || byte === BACKSLASH) return false
    target[at++] = byte
  }
  target[at++] = QUOTE
  json.length = at
  return true
}

function writeHex(json: JsonBytes, source: Buffer, offset: number, length: number): void {
  json.putByte(QUOTE)
  json.putHex(source, offset, length)
  json.putByte(QUOTE)
}

function writeIpv4(json: JsonBytes, source: Buffer, offset: number): void {
  json.putByte(QUOTE)
  for (let index = 0; index < IPV4_BYTES; index++) {
    if (index > 0) json.putByte(DOT)
    json.putUint(source[offset + index] as number)
  }
  json.putByte(QUOTE)
}

function writeMac(json: JsonBytes, source: Buffer, offset: number): void {
  json.putByte(QUOTE)
  for (let index = 0; index < MAC_BYTES; index++) {
    if (index > 0) json.putByte(COLON)
    json.putHex(source, offset + index, 1)
  }
  json.putByte(QUOTE)
}
