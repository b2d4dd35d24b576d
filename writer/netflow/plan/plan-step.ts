/**
 * What the steps of a plan can do with the bytes of a field, and the working values that they leave
 * behind. It knows no information element.
 */

/** What one step of a plan does with the bytes of a field. */
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
  /** Unsigned integer into a slot, for the finishing touches. */
  slot: 11,
  /** The same, and into `extra`. */
  slotAndExtra: 12,
  /** A time in any unit into a slot, Unix microseconds. */
  slotSeconds: 13,
  slotMillis: 14,
  slotNtp: 15,
  /** The offset of the field in the datagram into a slot. */
  slotOffset: 16,
  /** A sampling rate into a slot, in the byte order that the exporter has. */
  slotRate: 17,
  /** Both halves of an identifier into two slots, and into `extra`. */
  slotIdAndExtra: 18,
  extra: 19,
  /** Like `uint`, of a width whose values the field holds all. */
  uint8: 20,
  uint16: 21,
  uint32: 22,
  /** A counter that is the total of its flow so far; also into `extra`, as it is made a difference. */
  total: 23,
} as const

export type Op = (typeof OP)[keyof typeof OP]

/** Working values of one record that need others before they mean anything. */
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
  /** The other family of a template that has both. */
  srcIpv6Offset: 14,
  dstIpv6Offset: 15,
  nextHopIpv6Offset: 16,
  srcMaskIpv6: 17,
  dstMaskIpv6: 18,
  /** When the exporter booted, Unix microseconds, and times that count from then. */
  systemInit: 19,
  startUptime: 20,
  endUptime: 21,
  /** What tells the flows of running totals apart. */
  flowIdHigh: 22,
  flowIdLow: 23,
  /** The TCP ports of a template that has UDP ports, too. */
  tcpSrcPort: 24,
  tcpDstPort: 25,
} as const

export const SLOT_COUNT = Object.keys(SLOT).length

/** Bits of `RecordReader.slotsPresent`, without the sign bit. */
export const MAX_SLOT_COUNT = 31

/** The largest value that a slot can mean anything by; larger ones go to `extra`, too. */
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
