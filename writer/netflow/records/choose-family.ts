/**
 * Chooses the address family of a record that has fields of both. Values of the other family go to
 * `extra` unless they are zero.
 */

import { ipv4Text, ipv6TextAt } from '../address-text.ts'
import { FIELD, type Field, type FlowRecord } from '../flow-record.ts'
import type { Plan } from '../plan/plan.ts'
import { SLOT } from '../plan/plan-step.ts'
import { ODDITY, type RecordReader } from './record-reader.ts'

const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_IPV6 = 0x86dd

/** The address fields, each with the slot of its IPv6 half. */
const SOURCE = { field: FIELD.srcAddr, slot: SLOT.srcIpv6Offset } as const
const DESTINATION = { field: FIELD.dstAddr, slot: SLOT.dstIpv6Offset } as const
const NEXT_HOP = { field: FIELD.nextHop, slot: SLOT.nextHopIpv6Offset } as const

type DualField = typeof SOURCE | typeof DESTINATION | typeof NEXT_HOP

const TWINS =
  (1 << SLOT.srcIpv6Offset) |
  (1 << SLOT.dstIpv6Offset) |
  (1 << SLOT.nextHopIpv6Offset) |
  (1 << SLOT.srcMaskIpv6) |
  (1 << SLOT.dstMaskIpv6)

/**
 * Chooses the addresses and prefix lengths of the record that `reader` has read last, if its template
 * has both families of one.
 */
export function chooseFamily(reader: RecordReader, plan: Plan, view: DataView): void {
  if ((reader.slotsPresent & TWINS) === 0) return
  const { record } = reader
  const src = reader.slot(SOURCE.slot)
  const dst = reader.slot(DESTINATION.slot)
  if (src !== undefined || dst !== undefined) {
    const choose = isIpv6(reader, view, [src, dst]) ? takeIpv6 : takeIpv4
    choose(reader, plan, view, SOURCE)
    choose(reader, plan, view, DESTINATION)
  }
  const family = familyOf(record) ?? 4
  chooseNextHop(reader, plan, view, family)
  chooseMask(reader, plan, family, [FIELD.srcMask, SLOT.srcMaskIpv6])
  chooseMask(reader, plan, family, [FIELD.dstMask, SLOT.dstMaskIpv6])
}

/** Returns the family of a record's addresses; undefined if it has none. */
function familyOf({ present, families }: FlowRecord): 4 | 6 | undefined {
  const end = present & (1 << FIELD.srcAddr) ? FIELD.srcAddr : FIELD.dstAddr
  if ((present & (1 << end)) === 0) return undefined
  return families[end] === 6 ? 6 : 4
}

/** Drops a next hop of the other family that is zero: such a field does not apply to the record. */
export function dropEmptyNextHop(record: FlowRecord): void {
  const { addresses, families } = record
  const family = familyOf(record)
  if (family === undefined || family === families[FIELD.nextHop]) return
  const first = FIELD.nextHop * 4
  for (let word = 0; word < (family === 6 ? 1 : 4); word++) {
    if (addresses[first + word] !== 0) return
  }
  record.unset(FIELD.nextHop)
}

function chooseMask(
  reader: RecordReader,
  plan: Plan,
  family: 4 | 6,
  [field, slot]: readonly [field: Field, slot: number],
): void {
  const { record } = reader
  const ipv6Mask = reader.slot(slot)
  if (ipv6Mask === undefined) return
  if (family === 4) {
    if (ipv6Mask !== 0) reader.addExtra(plan.slotKeys[slot] ?? '', String(ipv6Mask))
    return
  }
  const ipv4Mask = record.has(field) ? (record.values[field] as number) : 0
  if (ipv4Mask !== 0) reader.addExtra(plan.fieldKeys[field] ?? '', String(ipv4Mask))
  record.set(field, ipv6Mask)
}

/**
 * Whether a record is IPv6: by its IP version, else by the only family with a nonzero address. If
 * both families have one (tunnels), the ethertype decides; without one it is IPv4.
 */
function isIpv6(
  reader: RecordReader,
  view: DataView,
  offsets: readonly (number | undefined)[],
): boolean {
  const version = reader.slot(SLOT.ipVersion)
  if (version === 4 || version === 6) return version === 6
  const hasIpv4 = ipv4Of(reader, SOURCE) !== 0 || ipv4Of(reader, DESTINATION) !== 0
  const hasIpv6 = offsets.some((offset) => offset !== undefined && !isZero(view, offset))
  if (!hasIpv4 || !hasIpv6) return hasIpv6
  const ethernetType = reader.slot(SLOT.ethernetType)
  if (ethernetType !== ETHERTYPE_IPV4 && ethernetType !== ETHERTYPE_IPV6) {
    reader.oddities |= ODDITY.bothFamilies
  }
  return ethernetType === ETHERTYPE_IPV6
}

/**
 * Chooses the next hop. Routes of one family can have next hops of the other (RFC 8950), so a
 * nonzero one replaces an empty one.
 */
function chooseNextHop(reader: RecordReader, plan: Plan, view: DataView, family: 4 | 6): void {
  const offset = reader.slot(NEXT_HOP.slot)
  if (offset === undefined) return
  const hasIpv4 = ipv4Of(reader, NEXT_HOP) !== 0
  const hasIpv6 = !isZero(view, offset)
  const isIpv6 = hasIpv4 === hasIpv6 ? family === 6 : hasIpv6
  const choose = isIpv6 ? takeIpv6 : takeIpv4
  choose(reader, plan, view, NEXT_HOP)
}

function takeIpv6(reader: RecordReader, plan: Plan, view: DataView, dual: DualField): void {
  const offset = reader.slot(dual.slot)
  if (offset === undefined) return
  const other = ipv4Of(reader, dual)
  if (other !== 0) reader.addExtra(plan.fieldKeys[dual.field] ?? '', `"${ipv4Text(other)}"`)
  reader.record.setIpv6(dual.field, view, offset)
}

function takeIpv4(reader: RecordReader, plan: Plan, view: DataView, dual: DualField): void {
  const offset = reader.slot(dual.slot)
  if (offset === undefined || isZero(view, offset)) return
  reader.addExtra(plan.slotKeys[dual.slot] ?? '', `"${ipv6TextAt(view, offset)}"`)
}

function ipv4Of({ record }: RecordReader, { field }: DualField): number {
  if (!record.has(field) || record.families[field] !== 4) return 0
  return record.addresses[field * 4] as number
}

function isZero(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset) === 0 &&
    view.getUint32(offset + 4) === 0 &&
    view.getUint32(offset + 8) === 0 &&
    view.getUint32(offset + 12) === 0
  )
}
