/**
 * Completes flow records with values that need several fields: ICMP type and code, times, and ports
 * by protocol.
 */

import { FIELD, type FlowRecord } from '../flow-record.ts'
import type { Plan } from '../plan/plan.ts'
import { CLIENT_ENDS } from '../plan/plan-fields.ts'
import { SLOT } from '../plan/plan-step.ts'
import { chooseFamily, dropEmptyNextHop } from './choose-family.ts'
import { fillTimes, orderTimes } from './finish-times.ts'
import type { RecordReader } from './record-reader.ts'

const ICMP = 1
const TCP = 6
const ICMPV6 = 58

/** Completes the record that `reader` has read last. */
export function finishRecord(reader: RecordReader, plan: Plan, view: DataView): void {
  const { record } = reader
  if (plan.impliedProtocol !== 0) record.set(FIELD.protocol, plan.impliedProtocol)
  if (plan.hasSlots) {
    chooseFamily(reader, plan, view)
    fillTimes(reader, plan)
    const dscp = reader.slot(SLOT.dscp)
    if (dscp !== undefined) record.set(FIELD.tos, dscp << 2)
    if (plan.clientEnds !== 0) placeClient(reader, plan)
  }
  if (record.addresses[NEXT_HOP_WORD] === 0 && record.has(FIELD.nextHop)) dropEmptyNextHop(record)
  if (reader.slotsPresent & TCP_PORTS) choosePorts(reader, plan)
  if (isIcmp(record)) finishIcmp(reader, plan)
  else if (plan.hasSlots) keepStrayIcmp(reader, plan)
  orderTimes(reader)
}

/** The first word of the next hop, for a quick look: most of them are not zero. */
const NEXT_HOP_WORD = FIELD.nextHop * 4

/** `biflowDirection`: the initiator, who is the client, is the destination. */
const REVERSE_INITIATOR = 2

/**
 * Makes the client the destination, if `biflowDirection` says so; plans read the client as the
 * source.
 */
function placeClient(reader: RecordReader, { clientEnds }: Plan): void {
  if (reader.slot(SLOT.biflowDirection) !== REVERSE_INITIATOR) return
  const { record } = reader
  if (clientEnds & CLIENT_ENDS.addresses) record.swapAddresses()
  // In ICMP records ports hold type and code.
  if (clientEnds & CLIENT_ENDS.ports && !isIcmp(record)) record.swapPorts()
}

const TCP_PORTS = (1 << SLOT.tcpSrcPort) | (1 << SLOT.tcpDstPort)

function choosePorts(reader: RecordReader, plan: Plan): void {
  choosePort(reader, plan, FIELD.srcPort, SLOT.tcpSrcPort)
  choosePort(reader, plan, FIELD.dstPort, SLOT.tcpDstPort)
}

/**
 * Chooses the port of a record whose template has UDP and TCP ports; `extra` keeps the other one
 * unless it is 0.
 */
function choosePort(
  reader: RecordReader,
  plan: Plan,
  field: typeof FIELD.srcPort | typeof FIELD.dstPort,
  slot: number,
): void {
  const port = reader.slot(slot)
  if (port === undefined) return
  const { record } = reader
  const isTcp = record.has(FIELD.protocol) && record.values[FIELD.protocol] === TCP
  if (!isTcp) {
    keepSlot(reader, plan, slot)
    return
  }
  const other = record.has(field) ? record.values[field] : 0
  if (other) reader.addExtra(plan.fieldKeys[field] ?? '', String(other))
  record.set(field, port)
}

/** Whether a record is ICMP, of either version of IP. */
export function isIcmp(record: FlowRecord): boolean {
  if (!record.has(FIELD.protocol)) return false
  const protocol = record.values[FIELD.protocol]
  return protocol === ICMP || protocol === ICMPV6
}

/**
 * Sets type and code and removes the ports, which ICMP does not have. Type and code come from
 * fields of their own, else from the destination port (type · 256 + code) if the source port is 0.
 * Other port values go to `extra`.
 */
function finishIcmp(reader: RecordReader, plan: Plan): void {
  const { record } = reader
  const srcPort = record.has(FIELD.srcPort) ? (record.values[FIELD.srcPort] as number) : 0
  const dstPort = record.has(FIELD.dstPort) ? (record.values[FIELD.dstPort] as number) : -1
  const slots = record.values[FIELD.protocol] === ICMPV6 ? ICMPV6_FIRST : ICMP_FIRST
  const typeCode = takeSlot(reader, plan, slots.typeCode)
  const type = takeSlot(reader, plan, slots.type)
  const code = takeSlot(reader, plan, slots.code)
  let used = -1
  if (type !== undefined || code !== undefined) {
    if (type !== undefined) record.set(FIELD.icmpType, type)
    if (code !== undefined) record.set(FIELD.icmpCode, code)
    used = (type ?? 0) * 256 + (code ?? 0)
    if (typeCode !== undefined && typeCode !== used) keepTypeCode(reader, plan, slots.typeCode)
  } else {
    used = typeCode ?? (srcPort === 0 ? dstPort : -1)
    if (used > 0xffff) used = -1
    if (used >= 0) {
      record.set(FIELD.icmpType, used >>> 8)
      record.set(FIELD.icmpCode, used & 255)
    }
  }
  if (srcPort !== 0) reader.addExtra(plan.fieldKeys[FIELD.srcPort] ?? '', String(srcPort))
  if (dstPort > 0 && dstPort !== used) {
    reader.addExtra(plan.fieldKeys[FIELD.dstPort] ?? '', String(dstPort))
  }
  record.unset(FIELD.srcPort)
  record.unset(FIELD.dstPort)
}

/** A template can have fields of both ICMP versions; a record fills those of its own version. */
const ICMP_FIRST = {
  typeCode: [SLOT.icmpTypeCode, SLOT.icmpv6TypeCode],
  type: [SLOT.icmpType, SLOT.icmpv6Type],
  code: [SLOT.icmpCode, SLOT.icmpv6Code],
} as const
const ICMPV6_FIRST = {
  typeCode: [SLOT.icmpv6TypeCode, SLOT.icmpTypeCode],
  type: [SLOT.icmpv6Type, SLOT.icmpType],
  code: [SLOT.icmpv6Code, SLOT.icmpCode],
} as const

type SlotPair = readonly [best: number, other: number]

/** Returns the value of the better of two slots; `extra` keeps the value of the other one. */
function takeSlot(reader: RecordReader, plan: Plan, [best, other]: SlotPair): number | undefined {
  const value = reader.slot(best)
  if (value === undefined) return reader.slot(other)
  keepSlot(reader, plan, other)
  return value
}

function keepTypeCode(reader: RecordReader, plan: Plan, [best, other]: SlotPair): void {
  keepSlot(reader, plan, reader.slot(best) === undefined ? other : best)
}

const ICMP_SLOTS: readonly number[] = Object.values(ICMP_FIRST).flat()
const ICMP_SLOT_BITS = ICMP_SLOTS.reduce((bits, slot) => bits | (1 << slot), 0)

/** Keeps nonzero ICMP types and codes of a record that is not ICMP. */
function keepStrayIcmp(reader: RecordReader, plan: Plan): void {
  if ((reader.slotsPresent & ICMP_SLOT_BITS) === 0) return
  for (const slot of ICMP_SLOTS) keepSlot(reader, plan, slot)
}

function keepSlot(reader: RecordReader, plan: Plan, slot: number): void {
  const value = reader.slot(slot)
  if (value) reader.addExtra(plan.slotKeys[slot] ?? '', String(value))
}
