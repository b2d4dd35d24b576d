/**
 * Encodes NetFlow v5 and v9 messages for the demonstration and the tests. A value that does not fit
 * its field is an error.
 */

import { isIPv4, isIPv6 } from 'node:net'

/** The header of a v5 message; an omitted field is 0. */
interface V5Header {
  readonly sysUptimeMs: number
  readonly unixSeconds: number
  readonly unixNanos?: number
  /** The flows sent before this message, modulo 2³². */
  readonly sequence: number
  readonly engineType?: number
  readonly engineId?: number
  /** The mode in the top 2 bits, the sampling interval in the low 14. */
  readonly sampling?: number
}

/** One flow of a v5 message; an omitted field is 0 or 0.0.0.0. */
export interface V5Flow {
  readonly srcAddr: string
  readonly dstAddr: string
  readonly nextHop?: string
  readonly inputIf?: number
  readonly outputIf?: number
  readonly packets: number
  readonly bytes: number
  /** The exporter's uptime at the first packet, in milliseconds. */
  readonly firstUptimeMs: number
  readonly lastUptimeMs: number
  readonly srcPort?: number
  /** For ICMP: type × 256 + code. */
  readonly dstPort?: number
  readonly tcpFlags?: number
  readonly protocol: number
  readonly tos?: number
  readonly srcAs?: number
  readonly dstAs?: number
  readonly srcMask?: number
  readonly dstMask?: number
}

/** The most flows of a v5 message. */
const V5_MAX_FLOWS = 30

/**
 * Encodes a v5 message of 24 + 48·n bytes, big-endian.
 *
 *     message  = version:u16=5 count:u16 sysUptime:u32 unixSecs:u32 unixNsecs:u32 sequence:u32
 *                engineType:u8 engineId:u8 sampling:u16 flow*count
 *     flow     = srcAddr:4 dstAddr:4 nextHop:4 input:u16 output:u16 packets:u32 bytes:u32
 *                first:u32 last:u32 srcPort:u16 dstPort:u16 pad:1 tcpFlags:u8 protocol:u8 tos:u8
 *                srcAs:u16 dstAs:u16 srcMask:u8 dstMask:u8 pad:2
 *
 * @throws RangeError for more than 30 flows, or a value that does not fit its field
 */
export function encodeV5Message(header: V5Header, flows: readonly V5Flow[]): Buffer {
  if (flows.length > V5_MAX_FLOWS) throw new RangeError(`a v5 message holds ${V5_MAX_FLOWS} flows`)
  const message = Buffer.alloc(24 + 48 * flows.length)
  message.writeUInt16BE(5, 0)
  message.writeUInt16BE(flows.length, 2)
  message.writeUInt32BE(header.sysUptimeMs, 4)
  message.writeUInt32BE(header.unixSeconds, 8)
  message.writeUInt32BE(header.unixNanos ?? 0, 12)
  message.writeUInt32BE(header.sequence, 16)
  message.writeUInt8(header.engineType ?? 0, 20)
  message.writeUInt8(header.engineId ?? 0, 21)
  message.writeUInt16BE(header.sampling ?? 0, 22)
  for (const [index, flow] of flows.entries()) writeV5Flow(message, 24 + 48 * index, flow)
  return message
}

function writeV5Flow(message: Buffer, offset: number, flow: V5Flow): void {
  encodeAddress(flow.srcAddr, 4).copy(message, offset)
  encodeAddress(flow.dstAddr, 4).copy(message, offset + 4)
  encodeAddress(flow.nextHop ?? '0.0.0.0', 4).copy(message, offset + 8)
  message.writeUInt16BE(flow.inputIf ?? 0, offset + 12)
  message.writeUInt16BE(flow.outputIf ?? 0, offset + 14)
  message.writeUInt32BE(flow.packets, offset + 16)
  message.writeUInt32BE(flow.bytes, offset + 20)
  message.writeUInt32BE(flow.firstUptimeMs, offset + 24)
  message.writeUInt32BE(flow.lastUptimeMs, offset + 28)
  message.writeUInt16BE(flow.srcPort ?? 0, offset + 32)
  message.writeUInt16BE(flow.dstPort ?? 0, offset + 34)
  message.writeUInt8(flow.tcpFlags ?? 0, offset + 37)
  message.writeUInt8(flow.protocol, offset + 38)
  message.writeUInt8(flow.tos ?? 0, offset + 39)
  message.writeUInt16BE(flow.srcAs ?? 0, offset + 40)
  message.writeUInt16BE(flow.dstAs ?? 0, offset + 42)
  message.writeUInt8(flow.srcMask ?? 0, offset + 44)
  message.writeUInt8(flow.dstMask ?? 0, offset + 45)
}

/** The header of a v9 message. */
interface V9Header {
  readonly sysUptimeMs: number
  readonly unixSeconds: number
  /** The messages of this source id sent before this one, modulo 2³². */
  readonly sequence: number
  readonly sourceId: number
}

/** A field specifier: type and length in bytes. */
export type FieldSpecifier = readonly [type: number, length: number]

export interface Template {
  /** 256 to 65535. */
  readonly id: number
  readonly fields: readonly FieldSpecifier[]
}

interface OptionsTemplate extends Template {
  /** The leading scope fields: 1 system, 2 interface, 3 line card, 4 cache, 5 template. */
  readonly scopes: readonly FieldSpecifier[]
}

/**
 * A value of a data record: an unsigned integer of the field's width, text, or bytes. The text of a
 * field of 4 or 16 bytes is an address; other text is padded with zero bytes.
 */
type FieldValue = number | bigint | string | Uint8Array

/** An encoded set, and the number of its records, which the header counts. */
export interface EncodedSet {
  readonly bytes: Buffer
  readonly recordCount: number
}

/**
 * Encodes a v9 message (RFC 3954 section 5).
 *
 *     message = version:u16=9 count:u16 sysUptime:u32 unixSecs:u32 sequence:u32 sourceId:u32 set*
 */
export function encodeV9Message(header: V9Header, sets: readonly EncodedSet[]): Buffer {
  const bytes = Buffer.alloc(20)
  bytes.writeUInt16BE(9, 0)
  bytes.writeUInt16BE(
    sets.reduce((count, set) => count + set.recordCount, 0),
    2,
  )
  bytes.writeUInt32BE(header.sysUptimeMs, 4)
  bytes.writeUInt32BE(header.unixSeconds, 8)
  bytes.writeUInt32BE(header.sequence, 12)
  bytes.writeUInt32BE(header.sourceId, 16)
  return Buffer.concat([bytes, ...sets.map((set) => set.bytes)])
}

/**
 * Encodes a template set (RFC 3954 section 5.2).
 *
 *     set      = id:u16=0 length:u16 template*
 *     template = templateId:u16 fieldCount:u16 (type:u16 length:u16)*fieldCount
 */
export function templateSet(templates: readonly Template[]): EncodedSet {
  const body = templates.map(({ id, fields }) => words([id, fields.length, ...fields.flat()]))
  return encodeSet(0, body, templates.length)
}

/**
 * Encodes an options template set (RFC 3954 section 6.1); both lengths are in bytes.
 *
 *     set      = id:u16=1 length:u16 template* padding
 *     template = templateId:u16 scopeLength:u16 optionLength:u16 (type:u16 length:u16)*
 */
export function optionsTemplateSet(templates: readonly OptionsTemplate[]): EncodedSet {
  const body = templates.map(({ id, scopes, fields }) =>
    words([id, scopes.length * 4, fields.length * 4, ...[...scopes, ...fields].flat()]),
  )
  return encodeSet(1, body, templates.length)
}

/**
 * Encodes a data set (RFC 3954 section 5.3) of flow records or of options data. The values of each
 * record are in the order of the template, scopes first.
 *
 *     set    = id:u16=templateId length:u16 record* padding
 *     record = value*   (lengths by the template)
 *
 * @throws RangeError for a value that does not fit, or for a record with too few or too many values
 */
export function dataSet(
  template: Template | OptionsTemplate,
  records: readonly (readonly FieldValue[])[],
): EncodedSet {
  const scopes = 'scopes' in template ? template.scopes : []
  const fields = [...scopes, ...template.fields]
  const body = records.map((values) => {
    if (values.length !== fields.length) {
      throw new RangeError(`template ${template.id} has ${fields.length} fields`)
    }
    return Buffer.concat(fields.map(([, length], i) => encodeValue(values[i] ?? 0, length)))
  })
  return encodeSet(template.id, body, records.length)
}

/** Encodes any set: a header of 4 bytes, the body, and zero bytes up to a multiple of 4. */
function encodeSet(id: number, body: readonly Buffer[], recordCount: number): EncodedSet {
  const bytes = Buffer.concat([Buffer.alloc(4), ...body])
  const length = Math.ceil(bytes.length / 4) * 4
  bytes.writeUInt16BE(id, 0)
  bytes.writeUInt16BE(length, 2)
  return { bytes: Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]), recordCount }
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2)
  return bytes
}

function encodeValue(value: FieldValue, length: number): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') return encodeInteger(value, length)
  const bytes = typeof value === 'string' ? encodeText(value, length) : value
  if (bytes.length > length) {
    throw new RangeError(`${bytes.length} bytes do not fit into ${length}`)
  }
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)])
}

function encodeText(value: string, length: number): Buffer {
  const isAddress = length === 4 || length === 16
  return isAddress ? encodeAddress(value, length) : Buffer.from(value)
}

function encodeInteger(value: number | bigint, length: number): Buffer {
  const wide = BigInt(value)
  if (wide < 0n || wide >> BigInt(length * 8) !== 0n) {
    throw new RangeError(`${value} does not fit into ${length} bytes`)
  }
  return Buffer.from(wide.toString(16).padStart(length * 2, '0'), 'hex')
}

/**
 * Encodes an IPv4 address as 4 bytes, or an IPv6 address as 16.
 *
 * @throws RangeError when `address` is no address of `length` bytes
 */
export function encodeAddress(address: string, length: 4 | 16): Buffer {
  if (length === 4 && isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (length === 16 && isIPv6(address)) return encodeIpv6(address)
  throw new RangeError(`"${address}" is no address of ${length} bytes`)
}

/**
 * Encodes the text forms of RFC 4291 section 2.2.
 *
 *     address = groups | [groups] "::" [groups]
 *     groups  = group (":" group)*   (the last group may be an IPv4 address)
 */
function encodeIpv6(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const start = encodeGroups(head)
  const end = encodeGroups(tail ?? '')
  return Buffer.concat([start, Buffer.alloc(16 - start.length - end.length), end])
}

function encodeGroups(groups: string): Buffer {
  if (groups === '') return Buffer.alloc(0)
  const parts = groups.split(':').map((group) => {
    if (isIPv4(group)) return encodeAddress(group, 4)
    return Buffer.from(group.padStart(4, '0'), 'hex')
  })
  return Buffer.concat(parts)
}
