/**
 * Chooses the address family of a record that has fields of both. Values of the other family go to
 * `extra` unless they are zero.
 */

import { ipv4Text, ipv6Text } from '../address-text.ts'
import { FIELD, type Field } from '../flow-record.ts'
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

/** Chooses the addresses and prefix lengths of the record that `reader` has read last. */
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
  const end = record.has(FIELD.srcAddr) ? FIELD.srcAddr : FIELD.dstAddr
  const family = record.has(end) && record.families[end] === 6 ? 6 : 4
  chooseNextHop(reader, plan, view, family)
  chooseMask(reader, plan, family, [FIELD.srcMask, SLOT.srcMaskIpv6])
  chooseMask(reader, plan, family, [FIELD.dstMask, SLOT.dstMaskIpv6])
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
 * Chooses the next hop. IPv4 routes can have IPv6 next hops (RFC 8950), so a nonzero one replaces
 * an empty one.
 */
function chooseNextHop(reader: RecordReader, plan: Plan, view: DataView, family: 4 | 6): void {
  const offset = reader.slot(NEXT_HOP.slot)
  if (offset === undefined) return
  const isOnlyIpv6 = ipv4Of(reader, NEXT_HOP) === 0 && !isZero(view, offset)
  const choose = family === 6 || isOnlyIpv6 ? takeIpv6 : takeIpv4
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
  const text = ipv6Text(
    view.getUint32(offset),
    view.getUint32(offset + 4),
    view.getUint32(offset + 8),
    view.getUint32(offset + 12),
  )
  reader.addExtra(plan.slotKeys[dual.slot] ?? '', `"${text}"`)
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
