/**
 * The finishing touches of a flow record: what needs more than one of its fields, such as the family
 * of its addresses, ICMP, and the order of its times.
 */

import { SLOT } from './column-sources.ts'
import { jsonKey } from './extra-json.ts'
import { FIELD, type FlowRecord } from './flow-record.ts'
import type { Plan } from './plan.ts'
import { isTime, type RecordReader } from './run-plan.ts'

const ICMP = 1
const ICMPV6 = 58
const ETHERTYPE_IPV6 = 0x86dd
const SRC_PORT_KEY = jsonKey('sourceTransportPort')
const DST_PORT_KEY = jsonKey('destinationTransportPort')
const ICMP_TYPE_CODE_KEY = jsonKey('icmpTypeCodeIPv4')

/** Completes the record that `reader` has just read. */
export function finishRecord(reader: RecordReader, plan: Plan, view: DataView): void {
  const { record } = reader
  if (plan.impliedProtocol !== 0) record.set(FIELD.protocol, plan.impliedProtocol)
  if (plan.hasSlots) {
    chooseFamily(reader, view)
    fillTimes(reader)
    const dscp = reader.slot(SLOT.dscp)
    if (dscp !== undefined && dscp < 64) record.set(FIELD.tos, dscp << 2)
  }
  const protocol = record.has(FIELD.protocol) ? record.values[FIELD.protocol] : -1
  if (protocol === ICMP || protocol === ICMPV6) finishIcmp(reader)
  else if (plan.hasSlots) keepStrayIcmp(reader)
  orderTimes(record)
}

/**
 * A record with fields of both families means the one that its IP version says, else the one with an
 * address that is not zero; with both (tunnels) the ethertype decides, else IPv4.
 */
function chooseFamily(reader: RecordReader, view: DataView): void {
  const { record } = reader
  const src = reader.slot(SLOT.srcIpv6Offset)
  const dst = reader.slot(SLOT.dstIpv6Offset)
  const nextHop = reader.slot(SLOT.nextHopIpv6Offset)
  if (src === undefined && dst === undefined && nextHop === undefined) return
  if (!isIpv6(reader, view, [src, dst])) return
  if (src !== undefined) record.setIpv6(FIELD.srcAddr, view, src)
  if (dst !== undefined) record.setIpv6(FIELD.dstAddr, view, dst)
  if (nextHop !== undefined) record.setIpv6(FIELD.nextHop, view, nextHop)
  const srcMask = reader.slot(SLOT.srcMaskIpv6)
  const dstMask = reader.slot(SLOT.dstMaskIpv6)
  if (srcMask !== undefined && srcMask <= 128) record.set(FIELD.srcMask, srcMask)
  if (dstMask !== undefined && dstMask <= 128) record.set(FIELD.dstMask, dstMask)
}

function isIpv6(
  reader: RecordReader,
  view: DataView,
  offsets: readonly (number | undefined)[],
): boolean {
  const version = reader.slot(SLOT.ipVersion)
  if (version === 4 || version === 6) return version === 6
  const { record } = reader
  const hasIpv4 =
    (record.has(FIELD.srcAddr) && record.addresses[0] !== 0) ||
    (record.has(FIELD.dstAddr) && record.addresses[4] !== 0)
  const hasIpv6 = offsets.some((offset) => offset !== undefined && !isZero(view, offset))
  if (hasIpv4 && hasIpv6) return reader.slot(SLOT.ethernetType) === ETHERTYPE_IPV6
  return hasIpv6
}

function isZero(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset) === 0 &&
    view.getUint32(offset + 4) === 0 &&
    view.getUint32(offset + 8) === 0 &&
    view.getUint32(offset + 12) === 0
  )
}

/** Fills missing times from a duration, then from the time of an event. */
function fillTimes(reader: RecordReader): void {
  const { record } = reader
  if (record.has(FIELD.flowStart) && !record.has(FIELD.flowEnd)) {
    const millis = reader.slot(SLOT.durationMillis)
    const micros = millis === undefined ? reader.slot(SLOT.durationMicros) : millis * 1000
    if (micros !== undefined) {
      const end = (record.values[FIELD.flowStart] as number) + micros
      if (isTime(end)) record.set(FIELD.flowEnd, end)
    }
  }
  const event = reader.slot(SLOT.eventTime)
  if (event === undefined || !isTime(event)) return
  if (!record.has(FIELD.flowStart)) record.set(FIELD.flowStart, event)
  if (!record.has(FIELD.flowEnd)) record.set(FIELD.flowEnd, event)
}

/**
 * ICMP has no ports. Its type and code are looked for in fields of their own, then in the destination
 * port (type · 256 + code) while the source port is 0; port values that are neither stay in `extra`.
 */
function finishIcmp(reader: RecordReader): void {
  const { record } = reader
  const srcPort = record.has(FIELD.srcPort) ? (record.values[FIELD.srcPort] as number) : 0
  const dstPort = record.has(FIELD.dstPort) ? (record.values[FIELD.dstPort] as number) : -1
  const typeCode = reader.slot(SLOT.icmpTypeCode)
  const type = reader.slot(SLOT.icmpType)
  const code = reader.slot(SLOT.icmpCode)
  let used = -1
  if (type !== undefined || code !== undefined) {
    if (type !== undefined && type <= 255) record.set(FIELD.icmpType, type)
    if (code !== undefined && code <= 255) record.set(FIELD.icmpCode, code)
    used = (type ?? 0) * 256 + (code ?? 0)
  } else {
    used = typeCode ?? (srcPort === 0 ? dstPort : -1)
    if (used >= 0 && used <= 0xffff) {
      record.set(FIELD.icmpType, used >>> 8)
      record.set(FIELD.icmpCode, used & 255)
    }
  }
  if (srcPort !== 0) reader.addExtra(SRC_PORT_KEY, String(srcPort))
  if (dstPort > 0 && dstPort !== used) reader.addExtra(DST_PORT_KEY, String(dstPort))
  record.unset(FIELD.srcPort)
  record.unset(FIELD.dstPort)
}

/** A type and code in a record that is not of ICMP is kept when it says anything. */
function keepStrayIcmp(reader: RecordReader): void {
  const stray =
    reader.slot(SLOT.icmpTypeCode) ??
    (reader.slot(SLOT.icmpType) ?? 0) * 256 + (reader.slot(SLOT.icmpCode) ?? 0)
  if (stray !== 0) reader.addExtra(ICMP_TYPE_CODE_KEY, String(stray))
}

const ONE_SECOND_MICROS = 1_000_000

/** An end before the start: a little is rounding, so they are swapped; else the end is believed. */
function orderTimes(record: FlowRecord): void {
  if (!record.has(FIELD.flowStart) || !record.has(FIELD.flowEnd)) return
  const { values } = record
  const start = values[FIELD.flowStart] as number
  const end = values[FIELD.flowEnd] as number
  if (end >= start) return
  values[FIELD.flowStart] = end
  if (start - end < ONE_SECOND_MICROS) values[FIELD.flowEnd] = start
}

const AHEAD_MICROS = 600 * 1_000_000
const BEHIND_MICROS = 50 * 86_400 * 1_000_000

/** Tells whether a time of the record is over 10 min ahead of, or 50 days behind, its receipt. */
export function hasImplausibleTime(record: FlowRecord, receivedAtMicros: number): boolean {
  return (
    isImplausible(record, FIELD.flowStart, receivedAtMicros) ||
    isImplausible(record, FIELD.flowEnd, receivedAtMicros)
  )
}

function isImplausible(
  record: FlowRecord,
  field: typeof FIELD.flowStart | typeof FIELD.flowEnd,
  receivedAtMicros: number,
): boolean {
  if (!record.has(field)) return false
  const ahead = (record.values[field] as number) - receivedAtMicros
  return ahead > AHEAD_MICROS || ahead < -BEHIND_MICROS
}

/**
 * Turns the record into the other direction of the same conversation: end points swapped, the
 * counters those that the reverse slots hold.
 *
 * @returns false when nothing went that way; the record is then unchanged
 */
export function turnToReverse(reader: RecordReader): boolean {
  const { record } = reader
  const bytesHigh = reader.slot(SLOT.reverseBytesHigh) ?? 0
  const bytesLow = reader.slot(SLOT.reverseBytesLow) ?? 0
  const packetsHigh = reader.slot(SLOT.reversePacketsHigh) ?? 0
  const packetsLow = reader.slot(SLOT.reversePacketsLow) ?? 0
  if (bytesHigh + bytesLow + packetsHigh + packetsLow === 0) return false
  for (const [one, other] of SWAPPED) swapFields(record, one, other)
  record.unset(FIELD.bytes)
  record.unset(FIELD.packets)
  if (reader.slot(SLOT.reverseBytesHigh) !== undefined && bytesHigh < 0x8000_0000) {
    record.setBytes(bytesHigh, bytesLow)
  }
  if (reader.slot(SLOT.reversePacketsHigh) !== undefined && packetsHigh < 0x8000_0000) {
    record.setPackets(packetsHigh, packetsLow)
  }
  return true
}

const SWAPPED = [
  [FIELD.srcAddr, FIELD.dstAddr],
  [FIELD.srcPort, FIELD.dstPort],
  [FIELD.inputIf, FIELD.outputIf],
  [FIELD.srcAs, FIELD.dstAs],
  [FIELD.srcMask, FIELD.dstMask],
  [FIELD.srcMac, FIELD.dstMac],
] as const

function swapFields(record: FlowRecord, one: number, other: number): void {
  const { values, addresses, families } = record
  const oneBit = (record.present >>> one) & 1
  const otherBit = (record.present >>> other) & 1
  record.present = (record.present & ~((1 << one) | (1 << other))) | (otherBit << one)
  record.present |= oneBit << other
  const value = values[one] as number
  values[one] = values[other] as number
  values[other] = value
  if (one > 2) return
  const family = families[one] as number
  families[one] = families[other] as number
  families[other] = family
  for (let word = 0; word < 4; word++) {
    const kept = addresses[one * 4 + word] as number
    addresses[one * 4 + word] = addresses[other * 4 + word] as number
    addresses[other * 4 + word] = kept
  }
}
