/**
 * The finishing touches of a flow record: what needs more than one of its fields, such as ICMP, the
 * order of its times, and the other direction.
 */

import { chooseFamily } from './choose-family.ts'
import { SLOT } from './column-sources.ts'
import { FIELD, type FlowRecord } from './flow-record.ts'
import { isTime, sinceBootToMicros } from './message-times.ts'
import type { Plan } from './plan.ts'
import { ODDITY, type RecordReader } from './run-plan.ts'

const ICMP = 1
const ICMPV6 = 58

/** Completes the record that `reader` has just read. */
export function finishRecord(reader: RecordReader, plan: Plan, view: DataView): void {
  const { record } = reader
  if (plan.impliedProtocol !== 0) record.set(FIELD.protocol, plan.impliedProtocol)
  if (plan.hasSlots) {
    chooseFamily(reader, plan, view)
    fillTimes(reader, plan)
    const dscp = reader.slot(SLOT.dscp)
    if (dscp !== undefined) record.set(FIELD.tos, dscp << 2)
  }
  if (isIcmp(record)) finishIcmp(reader, plan)
  else if (plan.hasSlots) keepStrayIcmp(reader, plan)
  orderTimes(reader)
}

/** Tells whether a record is of ICMP, of either version of IP. */
export function isIcmp(record: FlowRecord): boolean {
  if (!record.has(FIELD.protocol)) return false
  const protocol = record.values[FIELD.protocol]
  return protocol === ICMP || protocol === ICMPV6
}

/** Fills missing times from a duration, then from the time of an event. */
function fillTimes(reader: RecordReader, plan: Plan): void {
  const { record } = reader
  addUptime(reader, plan, SLOT.startUptime, FIELD.flowStart)
  addUptime(reader, plan, SLOT.endUptime, FIELD.flowEnd)
  if (!record.has(FIELD.flowEnd)) addDuration(reader, plan)
  const event = reader.slot(SLOT.eventTime)
  if (event === undefined) return
  if (!record.has(FIELD.flowStart)) record.set(FIELD.flowStart, event)
  if (!record.has(FIELD.flowEnd)) record.set(FIELD.flowEnd, event)
}

/** A time of an uptime whose beginning the record itself says. */
function addUptime(
  reader: RecordReader,
  plan: Plan,
  slot: typeof SLOT.startUptime | typeof SLOT.endUptime,
  field: typeof FIELD.flowStart | typeof FIELD.flowEnd,
): void {
  const switchedMs = reader.slot(slot)
  const bootMicros = reader.slot(SLOT.systemInit)
  if (switchedMs === undefined) return
  const { exportMicros } = reader.times
  const bootMs = (bootMicros ?? Number.NaN) / 1000
  const micros = sinceBootToMicros({ exportMicros, bootMs }, switchedMs)
  if (isTime(micros)) reader.record.set(field, micros)
  else reader.addExtra(plan.slotKeys[slot] ?? '', String(switchedMs))
}

/** A duration that leads to no time stays in `extra`. */
function addDuration(reader: RecordReader, plan: Plan): void {
  const { record } = reader
  const millis = reader.slot(SLOT.durationMillis)
  const duration = millis ?? reader.slot(SLOT.durationMicros)
  if (duration === undefined) return
  const start = record.has(FIELD.flowStart)
    ? (record.values[FIELD.flowStart] as number)
    : Number.NaN
  const end = start + (millis === undefined ? duration : millis * 1000)
  if (isTime(end)) {
    record.set(FIELD.flowEnd, end)
    return
  }
  const slot = millis === undefined ? SLOT.durationMicros : SLOT.durationMillis
  reader.addExtra(plan.slotKeys[slot] ?? '', String(duration))
}

/**
 * ICMP has no ports. Its type and code are looked for in fields of their own, then in the destination
 * port (type · 256 + code) while the source port is 0; port values that are neither stay in `extra`.
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

/** A template may have fields for both versions; each record fills those of its own. */
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

/** Takes the better one of two slots; what the other one says is kept. */
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

/** A type and code in a record that is not of ICMP is kept when it says anything. */
function keepStrayIcmp(reader: RecordReader, plan: Plan): void {
  if ((reader.slotsPresent & ICMP_SLOT_BITS) === 0) return
  for (const slot of ICMP_SLOTS) keepSlot(reader, plan, slot)
}

function keepSlot(reader: RecordReader, plan: Plan, slot: number): void {
  const value = reader.slot(slot)
  if (value) reader.addExtra(plan.slotKeys[slot] ?? '', String(value))
}

const ONE_SECOND_MICROS = 1_000_000

/** An end before the start: a little is rounding, so they are swapped; else the end is believed. */
function orderTimes(reader: RecordReader): void {
  const { record } = reader
  if (!record.has(FIELD.flowStart) || !record.has(FIELD.flowEnd)) return
  const { values } = record
  const start = values[FIELD.flowStart] as number
  const end = values[FIELD.flowEnd] as number
  if (end >= start) return
  values[FIELD.flowStart] = end
  if (start - end < ONE_SECOND_MICROS) values[FIELD.flowEnd] = start
  else reader.oddities |= ODDITY.endBeforeStart
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
