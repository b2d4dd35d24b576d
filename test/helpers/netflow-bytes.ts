/**
 * Builds messages of every version from hex that can be checked against RFC 3954 and RFC 7011 by eye.
 * Unlike the demonstration's encoder it pads nothing and checks nothing, so tests can break rules.
 */

/** When the exporter of a test message sent it, Unix seconds. */
export const EXPORT_SECONDS = 1_700_000_000
/** The exporter's uptime then. */
export const UPTIME_MS = 100_000_000
/** The length of a field whose length every record states (RFC 7011 section 7). */
export const VARIABLE = 65_535

export type Wire = Buffer | string
export type WireField = readonly [id: number, length: number]
export type IpfixField = readonly [id: number, length: number, enterprise?: number]
/** A field specifier with the value of one record: element id and hex. */
export type FieldBytes = readonly [id: number, value: string]
/** One field of an IPFIX record: element id, hex, and the enterprise number unless it is IANA's. */
export type IpfixValue = readonly [id: number, value: string, enterprise?: number]

/** Reads hex digits; white space only groups them. */
export function hex(text: string): Buffer {
  const digits = text.replace(/\s/g, '')
  const bytes = Buffer.from(digits, 'hex')
  if (bytes.length * 2 !== digits.length) throw new RangeError(`not hex: ${text}`)
  return bytes
}

/** Returns a number modulo 2³² as four bytes in hex. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}

/** Returns a number below 2⁵³ as eight bytes in hex. */
export function hex64(value: number): string {
  return value.toString(16).padStart(16, '0')
}

/** Joins parts that are bytes or hex. */
export function wire(...parts: readonly Wire[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)))
}

/** Writes big-endian 16-bit words. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2)
  return bytes
}

function longs(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

export interface V5MessageHeader {
  readonly uptimeMs?: number
  readonly unixSeconds?: number
  readonly unixNanos?: number
  readonly sequence?: number
  /** Engine type × 256 + engine id. */
  readonly engine?: number
}

/** Makes a v5 message from its records of 48 bytes each. */
export function v5MessageOf(header: V5MessageHeader, ...records: readonly Wire[]): Buffer {
  const { uptimeMs = UPTIME_MS, unixSeconds = EXPORT_SECONDS, unixNanos = 0 } = header
  return wire(
    words(5, records.length),
    longs(uptimeMs, unixSeconds, unixNanos, header.sequence ?? 0),
    words(header.engine ?? 0, 0),
    ...records,
  )
}

export interface V9MessageHeader {
  readonly uptimeMs?: number
  readonly unixSeconds?: number
  readonly sequence?: number
  readonly sourceId?: number
}

/** Makes a v9 message; its count is wrong on purpose, for exporters count different things. */
export function v9MessageOf(header: V9MessageHeader, ...sets: readonly Wire[]): Buffer {
  const { uptimeMs = UPTIME_MS, unixSeconds = EXPORT_SECONDS, sequence = 0, sourceId = 7 } = header
  return wire(words(9, 1), longs(uptimeMs, unixSeconds, sequence, sourceId), ...sets)
}

/** Makes a v9 message of source id 7 sent at `EXPORT_SECONDS`. */
export function v9Message(...sets: readonly Wire[]): Buffer {
  return v9MessageOf({}, ...sets)
}

export interface IpfixMessageHeader {
  readonly exportSeconds?: number
  readonly sequence?: number
  readonly domain?: number
  /** Replaces the length of the message. */
  readonly length?: number
}

/** Makes an IPFIX message. */
export function ipfixMessageOf(header: IpfixMessageHeader, ...sets: readonly Wire[]): Buffer {
  const { exportSeconds = EXPORT_SECONDS, sequence = 0, domain = 7 } = header
  const content = wire(...sets)
  return wire(
    words(10, header.length ?? content.length + 16),
    longs(exportSeconds, sequence, domain),
    content,
  )
}

/** Makes an IPFIX message of observation domain 7 sent at `EXPORT_SECONDS`. */
export function ipfixMessage(...sets: readonly Wire[]): Buffer {
  return ipfixMessageOf({}, ...sets)
}

/** Makes a set of any id, without padding. */
export function set(id: number, ...content: readonly Wire[]): Buffer {
  const body = wire(...content)
  return wire(words(id, body.length + 4), body)
}

/** Makes a v9 template, for a set of id 0. */
export function template(id: number, fields: readonly WireField[]): Buffer {
  return words(id, fields.length, ...fields.flat())
}

/** Makes a v9 options template, for a set of id 1. */
export function optionsTemplate(
  id: number,
  scopes: readonly WireField[],
  options: readonly WireField[],
): Buffer {
  return words(id, scopes.length * 4, options.length * 4, ...scopes.flat(), ...options.flat())
}

/**
 * Writes a field as a template names it.
 *
 *     field = elementId16 length16 | enterpriseBit1 elementId15 length16 enterprise32
 */
export function fieldSpecifier([id, length, enterprise]: IpfixField): Buffer {
  if (enterprise === undefined) return words(id, length)
  return wire(words(id | 0x8000, length), longs(enterprise))
}

/** Makes an IPFIX template, for a set of id 2. */
export function ipfixTemplate(id: number, fields: readonly IpfixField[]): Buffer {
  return wire(words(id, fields.length), ...fields.map(fieldSpecifier))
}

/** Makes an IPFIX options template, for a set of id 3; the first `scopes` fields are its scope. */
export function ipfixOptionsTemplate(
  id: number,
  scopes: number,
  fields: readonly IpfixField[],
): Buffer {
  return wire(words(id, fields.length, scopes), ...fields.map(fieldSpecifier))
}

/**
 * Makes a value of variable length.
 *
 *     value = length8<255 bytes | 255 length16 bytes
 *
 * @param form `short` throws from 255 bytes on
 */
export function variable(value: Wire, form: 'short' | 'long' = 'short'): Buffer {
  const bytes = wire(value)
  const isShort = form === 'short'
  if (isShort && bytes.length >= 255) throw new RangeError(`${bytes.length} bytes are too long`)
  return wire(isShort ? Buffer.of(bytes.length) : wire('ff', words(bytes.length)), bytes)
}

/** Makes a v9 message with template 256 and one record of it. */
export function oneRecordMessage(fields: readonly FieldBytes[]): Buffer {
  const record = wire(...fields.map(([, value]) => value))
  return v9Message(set(0, template(256, fields.map(specify))), set(256, record))
}

/** Makes a v9 message with options template 512 (the scopes first) and one record of it. */
export function oneOptionsMessage(
  scopes: readonly FieldBytes[],
  options: readonly FieldBytes[],
): Buffer {
  const values = [...scopes, ...options].map(([, value]) => value)
  return v9Message(
    set(1, optionsTemplate(512, scopes.map(specify), options.map(specify))),
    set(512, ...values),
  )
}

function specify([id, value]: FieldBytes): WireField {
  return [id, hex(value).length]
}

/** Makes an IPFIX template set with template 256 and a data set with one record of it. */
export function oneIpfixRecord(values: readonly IpfixValue[]): Buffer {
  const fields = values.map(([id, value, enterprise]): IpfixField => {
    const { length } = hex(value)
    return enterprise === undefined ? [id, length] : [id, length, enterprise]
  })
  const record = wire(...values.map(([, value]) => value))
  return wire(set(2, ipfixTemplate(256, fields)), set(256, record))
}
