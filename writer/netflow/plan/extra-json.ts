/**
 * Writes values of any abstract data type as JSON that jsonb accepts: exact integers, no NUL, no
 * broken UTF-8, times in ISO 8601, bytes in hex.
 */

import { ipv4Text, ipv6TextAt } from '../address-text.ts'
import type { DataType, ElementRegistry } from '../elements/element-registry.ts'
import { type FieldSpecifier, VARIABLE_LENGTH } from '../elements/field-specifier.ts'
import { type DatagramBytes, readHigh, readLow, readUint } from './read-bytes.ts'
import { idTextJson, textJson, uriCountsJson } from './text-json.ts'

/** The forms of a JSON value. */
export const FORMAT = {
  hex: 0,
  uint: 1,
  int: 2,
  float: 3,
  boolean: 4,
  mac: 5,
  text: 6,
  ipv4: 7,
  ipv6: 8,
  seconds: 9,
  millis: 10,
  ntp: 11,
  /** Text that begins with an id, and URIs with counts; see `text-json.ts`. */
  idText: 12,
  uriCounts: 13,
  /** Lists of RFC 6313; see `structured-data.ts`. */
  basicList: 14,
  subTemplateList: 15,
  subTemplateMultiList: 16,
} as const

export type Format = (typeof FORMAT)[keyof typeof FORMAT]

const FORMAT_OF_TYPE: Readonly<Record<DataType, Format>> = {
  unsigned8: FORMAT.uint,
  unsigned16: FORMAT.uint,
  unsigned32: FORMAT.uint,
  unsigned64: FORMAT.uint,
  signed8: FORMAT.int,
  signed16: FORMAT.int,
  signed32: FORMAT.int,
  signed64: FORMAT.int,
  float32: FORMAT.float,
  float64: FORMAT.float,
  boolean: FORMAT.boolean,
  macAddress: FORMAT.mac,
  octetArray: FORMAT.hex,
  string: FORMAT.text,
  dateTimeSeconds: FORMAT.seconds,
  dateTimeMilliseconds: FORMAT.millis,
  dateTimeMicroseconds: FORMAT.ntp,
  dateTimeNanoseconds: FORMAT.ntp,
  ipv4Address: FORMAT.ipv4,
  ipv6Address: FORMAT.ipv6,
  basicList: FORMAT.basicList,
  subTemplateList: FORMAT.subTemplateList,
  subTemplateMultiList: FORMAT.subTemplateMultiList,
}

const CISCO = 9

/** Strings of Cisco that are not only text. */
const FORMAT_OF_CISCO_STRING: ReadonlyMap<number, Format> = new Map([
  [9357, FORMAT.uriCounts],
  [12_235, FORMAT.idText],
])

/** The name of a field's element, and the format of its values. */
interface FieldFormat {
  readonly name: string
  readonly format: Format
}

/**
 * Finds the name and the format of a field. An unknown element is named by its numbers and written
 * as hex.
 */
export function describeField(
  { enterprise, id, length }: FieldSpecifier,
  elements: ElementRegistry,
): FieldFormat {
  const type = elements.find(enterprise, id)?.type
  const special =
    enterprise === CISCO && type === 'string' ? FORMAT_OF_CISCO_STRING.get(id) : undefined
  return {
    name: elements.nameOf(enterprise, id),
    format: special ?? (type ? formatOf(type, length) : FORMAT.hex),
  }
}

/**
 * Chooses the format for a type; hex if the type cannot have this length. For a variable length
 * `formatJson` checks each value.
 */
export function formatOf(type: DataType, length: number): Format {
  const format = FORMAT_OF_TYPE[type]
  if (length === VARIABLE_LENGTH) return format
  return fitsFormat(format, length) ? format : FORMAT.hex
}

function fitsFormat(format: Format, length: number): boolean {
  switch (format) {
    case FORMAT.ipv4:
      return length === 4
    case FORMAT.ipv6:
      return length === 16
    case FORMAT.mac:
      return length === 6
    case FORMAT.float:
      return length === 4 || length === 8
    case FORMAT.ntp:
      return length === 8
    case FORMAT.hex:
    case FORMAT.text:
    case FORMAT.idText:
    case FORMAT.uriCounts:
    case FORMAT.basicList:
    case FORMAT.subTemplateList:
    case FORMAT.subTemplateMultiList:
      return true
    default:
      return length >= 1 && length <= 8
  }
}

/** Writes a name as the key of a JSON member: `"name":`. */
export function jsonKey(name: string): string {
  return `${JSON.stringify(name)}:`
}

/** Writes the value of `length` bytes at `offset` as JSON. */
export function formatJson(
  format: Format,
  datagram: DatagramBytes,
  offset: number,
  length: number,
): string {
  const { bytes, view } = datagram
  if (!fitsFormat(format, length)) return hexJson(bytes, offset, length)
  switch (format) {
    case FORMAT.uint:
      return uintText(view, offset, length)
    case FORMAT.int:
      return intText(bytes, offset, length)
    case FORMAT.float: {
      const value = length === 4 ? view.getFloat32(offset) : view.getFloat64(offset)
      return Number.isFinite(value) ? String(value) : `"${value}"`
    }
    case FORMAT.boolean:
      return booleanText(view, offset, length)
    case FORMAT.mac:
      return `"${bytes.toString('hex', offset, offset + 6).replace(/..(?=.)/g, '$&:')}"`
    case FORMAT.text:
      return textJson(bytes, offset, length)
    case FORMAT.idText:
      return idTextJson(bytes, offset, length)
    case FORMAT.uriCounts:
      return uriCountsJson(bytes, offset, length)
    case FORMAT.ipv4:
      return `"${ipv4Text(view.getUint32(offset))}"`
    case FORMAT.ipv6:
      return `"${ipv6TextAt(view, offset)}"`
    case FORMAT.seconds:
      return millisJson(readUint(view, offset, length) * 1000) ?? uintText(view, offset, length)
    case FORMAT.millis:
      return millisJson(readUint(view, offset, length)) ?? uintText(view, offset, length)
    case FORMAT.ntp: {
      const micros = ntpMicros(view, offset)
      return Number.isNaN(micros) ? '0' : microsJson(micros)
    }
    default:
      return hexJson(bytes, offset, length)
  }
}

/** Writes an unsigned integer of up to 8 bytes as exact decimal digits. */
function uintText(view: DataView, offset: number, length: number): string {
  const high = readHigh(view, offset, length)
  const low = readLow(view, offset, length)
  if (high < 0x20_0000) return String(high * 0x1_0000_0000 + low)
  return String((BigInt(high) << 32n) | BigInt(low))
}

function intText(bytes: Buffer, offset: number, length: number): string {
  if (length <= 6) return String(bytes.readIntBE(offset, length))
  const value = BigInt(`0x${bytes.toString('hex', offset, offset + length)}`)
  return String(BigInt.asIntN(length * 8, value))
}

/**
 * Writes a boolean: 1 is true, 2 is false (RFC 7011 section 6.1.5). Another value is written as
 * sent.
 */
function booleanText(view: DataView, offset: number, length: number): string {
  const value = readUint(view, offset, length)
  if (value === 1) return 'true'
  return value === 2 ? 'false' : uintText(view, offset, length)
}

const HEX_OCTETS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'))

/** Up to this length joining octets is faster: four octets took 100 ns less than `toString`. */
const SHORT_BYTES = 16

function hexJson(bytes: Buffer, offset: number, length: number): string {
  if (length > SHORT_BYTES) return `"${bytes.toString('hex', offset, offset + length)}"`
  let text = '"'
  for (let at = offset; at < offset + length; at++) text += HEX_OCTETS[bytes[at] as number]
  return `${text}"`
}

/** The end of the year 9999; a later time is a misread field. */
const MAX_TIME_MS = 253_402_300_799_999

/** Writes a time; undefined for 0, which means unknown, and for a misread time. */
function millisJson(unixMs: number): string | undefined {
  if (unixMs === 0 || unixMs > MAX_TIME_MS) return undefined
  return `"${new Date(unixMs).toISOString()}"`
}

/** Writes a time within the range of `isTime`, which includes times before 1970. */
export function microsJson(unixMicros: number): string {
  const millis = Math.floor(unixMicros / 1000)
  const micros = String(unixMicros - millis * 1000).padStart(3, '0')
  return `"${new Date(millis).toISOString().slice(0, -1)}${micros}Z"`
}

/** Seconds from 1900 to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800
/** Era 1 begins in 2036; seconds below the Unix epoch belong to it (RFC 7011 section 6.1.9). */
const NTP_ERA_SECONDS = 0x1_0000_0000

/** Reads 64 bits of NTP time as Unix microseconds; NaN for zero, which means unknown (RFC 5905). */
export function ntpMicros(view: DataView, offset: number): number {
  const seconds = view.getUint32(offset)
  const fraction = view.getUint32(offset + 4)
  if (seconds === 0 && fraction === 0) return Number.NaN
  const era = seconds < NTP_EPOCH_SECONDS ? NTP_ERA_SECONDS : 0
  const micros = Math.round((fraction * 1_000_000) / 0x1_0000_0000)
  return (seconds + era - NTP_EPOCH_SECONDS) * 1_000_000 + micros
}
