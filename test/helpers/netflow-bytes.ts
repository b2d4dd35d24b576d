/**
 * Builds NetFlow messages from hex that can be checked against the layouts by eye. Unlike the
 * demonstration's encoder it pads nothing and checks nothing, so that tests can also break rules.
 */

/** When the exporter of a test message sent it, Unix seconds. */
export const EXPORT_SECONDS = 1_700_000_000
/** The exporter's uptime then. */
export const UPTIME_MS = 100_000_000

export type WireField = readonly [id: number, length: number]
export type Wire = Buffer | string

/** Reads hex digits; white space only groups them. */
export function hex(text: string): Buffer {
  const digits = text.replace(/\s/g, '')
  const bytes = Buffer.from(digits, 'hex')
  if (bytes.length * 2 !== digits.length) throw new RangeError(`not hex: ${text}`)
  return bytes
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

export interface V9MessageHeader {
  readonly uptimeMs?: number
  readonly unixSeconds?: number
  readonly sequence?: number
  readonly sourceId?: number
}

/** Makes a v9 message; its count is wrong on purpose, for exporters count different things. */
export function v9MessageOf(header: V9MessageHeader, ...sets: readonly Wire[]): Buffer {
  const bytes = Buffer.alloc(20)
  bytes.writeUInt16BE(9, 0)
  bytes.writeUInt16BE(1, 2)
  bytes.writeUInt32BE(header.uptimeMs ?? UPTIME_MS, 4)
  bytes.writeUInt32BE(header.unixSeconds ?? EXPORT_SECONDS, 8)
  bytes.writeUInt32BE(header.sequence ?? 0, 12)
  bytes.writeUInt32BE(header.sourceId ?? 7, 16)
  return wire(bytes, ...sets)
}

/** Makes a v9 message of source id 7 sent at `EXPORT_SECONDS`. */
export function v9Message(...sets: readonly Wire[]): Buffer {
  return v9MessageOf({}, ...sets)
}

/** Makes a set of any id, without padding. */
export function set(id: number, ...content: readonly Wire[]): Buffer {
  const body = wire(...content)
  return wire(words(id, body.length + 4), body)
}

/** Makes a template, to stand in a set of id 0. */
export function template(id: number, fields: readonly WireField[]): Buffer {
  return words(id, fields.length, ...fields.flat())
}

/** Makes an options template, to stand in a set of id 1. */
export function optionsTemplate(
  id: number,
  scopes: readonly WireField[],
  options: readonly WireField[],
): Buffer {
  return words(id, scopes.length * 4, options.length * 4, ...scopes.flat(), ...options.flat())
}

/** A field specifier with the value of one record: element id and hex. */
export type FieldBytes = readonly [id: number, value: string]

/** Makes a message with template 256 and one record of it. */
export function oneRecordMessage(fields: readonly FieldBytes[]): Buffer {
  const specifiers = fields.map(([id, value]) => [id, hex(value).length] as const)
  const record = wire(...fields.map(([, value]) => value))
  return v9Message(set(0, template(256, specifiers)), set(256, record))
}

/** Makes a message with options template 512 (the scopes first) and one record of it. */
export function oneOptionsMessage(
  scopes: readonly FieldBytes[],
  options: readonly FieldBytes[],
): Buffer {
  const specify = ([id, value]: FieldBytes) => [id, hex(value).length] as const
  const values = [...scopes, ...options].map(([, value]) => value)
  return v9Message(
    set(1, optionsTemplate(512, scopes.map(specify), options.map(specify))),
    set(512, ...values),
  )
}
