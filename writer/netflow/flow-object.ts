/**
 * Copies a flow record into a plain object for other programs. Its properties are named as the
 * columns of `flows`; an absent field is null.
 */

import { ipv4Text, ipv6Text } from './address-text.ts'
import { FIELD, type Field, type FlowRecord, type MessageContext } from './flow-record.ts'

/** The value of a field without a column; integers beyond ±2⁵³ are bigints. */
export type ExtraValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly ExtraValue[]
  | ExtraFields

/** Fields by the name of their information element. */
export interface ExtraFields {
  readonly [name: string]: ExtraValue
}

/**
 * One flow. A field that the exporter did not send is null. Addresses are text (IPv6 as in RFC
 * 5952), MAC addresses are six pairs of hex digits with colons. Times are Unix milliseconds with
 * microseconds as their fraction. Counters are as exported, not multiplied by the sampling rate.
 */
export interface Flow {
  /** Receive time of the message that carried the flow: an earlier message if its set was held. */
  readonly received_at: number
  /** The name that the caller gave. */
  readonly exporter: string
  /** IPFIX: observation domain; v9: source id; v5, v6, v8: engine type · 256 + engine id; else 0. */
  readonly observation_domain: number
  /** 1, 5, 6, 7, 8, 9 or 10. */
  readonly export_version: number
  readonly flow_start: number | null
  readonly flow_end: number | null
  readonly src_addr: string | null
  readonly dst_addr: string | null
  readonly next_hop: string | null
  /** Null, like `dst_port`, for protocols without ports. */
  readonly src_port: number | null
  readonly dst_port: number | null
  readonly protocol: number | null
  readonly tcp_flags: number | null
  readonly tos: number | null
  readonly icmp_type: number | null
  readonly icmp_code: number | null
  /** The ifIndex, like `output_if`. */
  readonly input_if: number | null
  readonly output_if: number | null
  /**
   * Null, like `packets`, on event records without counters; always below 2⁶³. For a running total
   * (`octetTotalCount`, `packetTotalCount`) the difference to the flow's previous total.
   */
  readonly bytes: bigint | null
  readonly packets: bigint | null
  readonly src_as: number | null
  readonly dst_as: number | null
  /** Prefix length, like `dst_mask`. */
  readonly src_mask: number | null
  readonly dst_mask: number | null
  readonly src_vlan: number | null
  readonly dst_vlan: number | null
  readonly src_mac: string | null
  readonly dst_mac: string | null
  /** 0 ingress, 1 egress. */
  readonly direction: number | null
  readonly forwarding_status: number | null
  readonly flow_end_reason: number | null
  /** Firewall event (element 233) or NAT event (230). */
  readonly event: number | null
  /** Packets that one counted packet represents; 1: announced as unsampled; null: unknown. */
  readonly sampling_rate: number | null
  /**
   * Every other field by the name of its information element; `pen.id` if the element is unknown.
   */
  readonly extra: ExtraFields | null
}

/** Creates a flow from a record; the record may be reused at once. */
export function toFlow(record: FlowRecord, message: MessageContext, exporter: string): Flow {
  return {
    received_at: message.receivedAtMicros / 1000,
    exporter,
    observation_domain: message.observationDomain,
    export_version: message.exportVersion,
    flow_start: millisOf(record, FIELD.flowStart),
    flow_end: millisOf(record, FIELD.flowEnd),
    src_addr: addressOf(record, FIELD.srcAddr),
    dst_addr: addressOf(record, FIELD.dstAddr),
    next_hop: addressOf(record, FIELD.nextHop),
    src_port: numberOf(record, FIELD.srcPort),
    dst_port: numberOf(record, FIELD.dstPort),
    protocol: numberOf(record, FIELD.protocol),
    tcp_flags: numberOf(record, FIELD.tcpFlags),
    tos: numberOf(record, FIELD.tos),
    icmp_type: numberOf(record, FIELD.icmpType),
    icmp_code: numberOf(record, FIELD.icmpCode),
    input_if: numberOf(record, FIELD.inputIf),
    output_if: numberOf(record, FIELD.outputIf),
    bytes: counterOf(record, FIELD.bytes, record.bytesHigh),
    packets: counterOf(record, FIELD.packets, record.packetsHigh),
    src_as: numberOf(record, FIELD.srcAs),
    dst_as: numberOf(record, FIELD.dstAs),
    src_mask: numberOf(record, FIELD.srcMask),
    dst_mask: numberOf(record, FIELD.dstMask),
    src_vlan: numberOf(record, FIELD.srcVlan),
    dst_vlan: numberOf(record, FIELD.dstVlan),
    src_mac: macOf(record, FIELD.srcMac),
    dst_mac: macOf(record, FIELD.dstMac),
    direction: numberOf(record, FIELD.direction),
    forwarding_status: numberOf(record, FIELD.forwardingStatus),
    flow_end_reason: numberOf(record, FIELD.flowEndReason),
    event: numberOf(record, FIELD.event),
    sampling_rate: numberOf(record, FIELD.samplingRate),
    extra: record.has(FIELD.extra) ? parseExtra(record.extra) : null,
  }
}

function numberOf(record: FlowRecord, field: Field): number | null {
  return record.has(field) ? (record.values[field] as number) : null
}

function millisOf(record: FlowRecord, field: Field): number | null {
  return record.has(field) ? (record.values[field] as number) / 1000 : null
}

function counterOf(record: FlowRecord, field: Field, high: number): bigint | null {
  if (!record.has(field)) return null
  const low = BigInt(record.values[field] as number)
  return high === 0 ? low : (BigInt(high) << 32n) | low
}

function macOf(record: FlowRecord, field: Field): string | null {
  if (!record.has(field)) return null
  const digits = (record.values[field] as number).toString(16).padStart(12, '0')
  return digits.replace(/..(?=.)/g, '$&:')
}

function addressOf(record: FlowRecord, field: 0 | 1 | 2): string | null {
  if (!record.has(field)) return null
  const [a = 0, b = 0, c = 0, d = 0] = record.addresses.subarray(field * 4, field * 4 + 4)
  return record.families[field] === 4 ? ipv4Text(a) : ipv6Text(a, b, c, d)
}

/** A number with fewer digits is exact as a JavaScript number. */
const LONG_NUMBER = /\d{16}/

/** Matches strings, to skip the digits in them, and numbers. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi

/** Marks a bigint on its way through the parser; no text of an exporter contains a NUL. */
const MARK = '\0'

/** Parses the JSON text in `extra`. */
function parseExtra(json: string): ExtraFields {
  if (!LONG_NUMBER.test(json)) return JSON.parse(json) as ExtraFields
  const marked = json.replace(TOKEN, (token) => (isUnsafe(token) ? `"\\u0000${token}"` : token))
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(1)) : value,
  ) as ExtraFields
}

function isUnsafe(token: string): boolean {
  return /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
}
