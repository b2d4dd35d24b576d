/** The operations of plan steps on the bytes of a field, and the slots for intermediate values. */

/** Operations of a plan step. */
export const OP = {
  skip: 0,
  /** Unsigned integer into a field. */
  uint: 1,
  /** 64-bit counter into `bytes` or `packets`. */
  counter: 2,
  ipv4: 3,
  ipv6: 4,
  mac: 5,
  /** Absolute times into `flowStart` or `flowEnd`. */
  seconds: 6,
  millis: 7,
  /** 64 bits of NTP time: seconds since 1900 and 2⁻³² fractions. */
  ntp: 8,
  /** Milliseconds of the exporter's uptime. */
  uptime: 9,
  /** Microseconds before the export time. */
  beforeExport: 10,
  /** Unsigned integer into a slot, for `finishRecord`. */
  slot: 11,
  /** The same, and into `extra`. */
  slotAndExtra: 12,
  /** A time in any unit into a slot, Unix microseconds. */
  slotSeconds: 13,
  slotMillis: 14,
  slotNtp: 15,
  /** The offset of the field in the datagram into a slot. */
  slotOffset: 16,
  /** A sampling rate into a slot, in the byte order of the exporter. */
  slotRate: 17,
  /** Both halves of an identifier into two slots, and into `extra`. */
  slotIdAndExtra: 18,
  extra: 19,
  /** Like `uint`, for a width of which the field holds every value. */
  uint8: 20,
  uint16: 21,
  uint32: 22,
  /**
   * A running total into a counter and into `extra`; `RunningTotals` makes the counter a
   * difference.
   */
  total: 23,
} as const

export type Op = (typeof OP)[keyof typeof OP]

/**
 * Whether an op can read a width. Templates lie about widths; such a field goes to `extra` as sent.
 */
export function fitsWidth(op: Op, length: number): boolean {
  switch (op) {
    case OP.ipv4:
      return length === 4
    case OP.ipv6:
      return length === 16
    case OP.mac:
      return length === 6
    case OP.ntp:
      return length === 8
    default:
      return length >= 1 && length <= 8
  }
}

/** Intermediate values of one record, which have a meaning only with other fields. */
export const SLOT = {
  icmpTypeCode: 0,
  icmpType: 1,
  icmpCode: 2,
  /** The same of ICMPv6. */
  icmpv6TypeCode: 3,
  icmpv6Type: 4,
  icmpv6Code: 5,
  eventTime: 6,
  durationMillis: 7,
  durationMicros: 8,
  ipVersion: 9,
  ethernetType: 10,
  samplerId: 11,
  samplingInterval: 12,
  dscp: 13,
  /** IPv6 fields of a template with both families. */
  srcIpv6Offset: 14,
  dstIpv6Offset: 15,
  nextHopIpv6Offset: 16,
  srcMaskIpv6: 17,
  dstMaskIpv6: 18,
  /** Boot time of the exporter, Unix microseconds, and uptimes that count from it. */
  systemInit: 19,
  startUptime: 20,
  endUptime: 21,
  /** The two halves of the flow id, which identifies flows with running totals. */
  flowIdHigh: 22,
  flowIdLow: 23,
  /** TCP ports of a template that also has UDP ports. */
  tcpSrcPort: 24,
  tcpDstPort: 25,
  /** Which end of a record with client and server is the source. */
  biflowDirection: 26,
} as const

export const SLOT_COUNT = Object.keys(SLOT).length

/** Bits of `RecordReader.slotsPresent`, without the sign bit. */
export const MAX_SLOT_COUNT = 31

/** The largest meaningful value of a slot; larger ones go to `extra` instead. */
export const SLOT_MAX: Float64Array = new Float64Array(SLOT_COUNT).fill(Number.MAX_SAFE_INTEGER)
SLOT_MAX[SLOT.icmpTypeCode] = 0xffff
SLOT_MAX[SLOT.icmpType] = 0xff
SLOT_MAX[SLOT.icmpCode] = 0xff
SLOT_MAX[SLOT.icmpv6TypeCode] = 0xffff
SLOT_MAX[SLOT.icmpv6Type] = 0xff
SLOT_MAX[SLOT.icmpv6Code] = 0xff
SLOT_MAX[SLOT.tcpSrcPort] = 0xffff
SLOT_MAX[SLOT.tcpDstPort] = 0xffff
SLOT_MAX[SLOT.dscp] = 63
SLOT_MAX[SLOT.srcMaskIpv6] = 128
SLOT_MAX[SLOT.dstMaskIpv6] = 128
