/**
 * Splits the template of a biflow (RFC 5103; Cisco's initiator and responder counters) into the two
 * flow records that it describes. Such a record has both directions, and the keys only once.
 */

import { findElement, REVERSE_ENTERPRISE } from '../elements/element-registry.ts'
import { IE } from '../elements/information-elements.ts'
import { FIELD } from '../flow-record.ts'
import { COLUMN_SOURCES } from './column-sources.ts'
import type { PlanField } from './plan-fields.ts'

/** Counters of one direction, which the record of the other direction must not repeat. */
const COUNTER_NAME = /(?:Delta|Total)Count$|^deltaFlowCount$|^initiator(?:Octets|Packets)$/

/** Counters of the reverse direction with elements of their own. */
const RESPONDER_COUNTERS: ReadonlySet<number> = new Set([IE.responderOctets, IE.responderPackets])

/** Ports are swapped, too, except in ICMP records, where they hold type and code. */
const PORTS = [
  [IE.sourceTransportPort, IE.destinationTransportPort],
  [IE.udpSourcePort, IE.udpDestinationPort],
  [IE.tcpSourcePort, IE.tcpDestinationPort],
] as const

/** Pairs of elements that the reverse record swaps. */
const ENDS = [
  [IE.sourceIPv4Address, IE.destinationIPv4Address],
  [IE.sourceIPv6Address, IE.destinationIPv6Address],
  [IE.ingressInterface, IE.egressInterface],
  [IE.bgpSourceAsNumber, IE.bgpDestinationAsNumber],
  [IE.sourceIPv4PrefixLength, IE.destinationIPv4PrefixLength],
  [IE.sourceIPv6PrefixLength, IE.destinationIPv6PrefixLength],
  [IE.sourceIPv4Prefix, IE.destinationIPv4Prefix],
  [IE.destinationIPv6Prefix, IE.sourceIPv6Prefix],
  [IE.sourceMacAddress, IE.destinationMacAddress],
  [IE.postSourceMacAddress, IE.postDestinationMacAddress],
  [IE.vlanId, IE.postVlanId],
  [IE.srcTrafficIndex, IE.dstTrafficIndex],
  [IE.dot1qVlanId, IE.postDot1qVlanId],
  [IE.dot1qCustomerVlanId, IE.postDot1qCustomerVlanId],
  [IE.ingressPhysicalInterface, IE.egressPhysicalInterface],
  [IE.bgpNextAdjacentAsNumber, IE.bgpPrevAdjacentAsNumber],
  [IE.postNATSourceIPv4Address, IE.postNATDestinationIPv4Address],
  [IE.postNATSourceIPv6Address, IE.postNATDestinationIPv6Address],
  [IE.postNAPTSourceTransportPort, IE.postNAPTDestinationTransportPort],
  [IE.ingressVRFID, IE.egressVRFID],
  [IE.ingressInterfaceType, IE.egressInterfaceType],
  [IE.dot1qCustomerSourceMacAddress, IE.dot1qCustomerDestinationMacAddress],
  [IE.bgpSourceCommunityList, IE.bgpDestinationCommunityList],
  [IE.bgpSourceExtendedCommunityList, IE.bgpDestinationExtendedCommunityList],
  [IE.bgpSourceLargeCommunityList, IE.bgpDestinationLargeCommunityList],
] as const

const SWAPPED_ICMP = swap(ENDS)
const SWAPPED = swap([...ENDS, ...PORTS])

function swap(
  pairs: readonly (readonly [one: number, other: number])[],
): ReadonlyMap<number, number> {
  return new Map(pairs.flatMap(([one, other]) => [[one, other] as const, [other, one] as const]))
}

/**
 * The fields of both records. Each has all fields of the template in its order; unused ones are
 * padding.
 */
interface BiflowFields {
  readonly forward: readonly PlanField[]
  readonly reverse: readonly PlanField[]
  /** The reverse record when the protocol is ICMP. */
  readonly reverseIcmp: readonly PlanField[]
}

/**
 * Splits the fields of a template.
 *
 * @returns undefined when no reverse counter fills a column: then there is no second flow
 */
export function splitBiflow(fields: readonly PlanField[]): BiflowFields | undefined {
  const isReverse = fields.some(countsResponder) ? countsResponder : isReverseElement
  if (!fields.some((field) => isReverse(field) && fillsCounter(field))) return undefined
  const reversed = new Set(fields.filter(isReverse).map(({ id }) => id))
  const turn = (field: PlanField, swapped: ReadonlyMap<number, number>): PlanField => {
    if (isReverse(field)) return { ...field, enterprise: 0 }
    return turnField(field, reversed, swapped)
  }
  return {
    forward: fields.map((field) => (isReverse(field) ? padding(field) : field)),
    reverse: fields.map((field) => turn(field, SWAPPED)),
    reverseIcmp: fields.map((field) => turn(field, SWAPPED_ICMP)),
  }
}

/**
 * Turns a key, which the record has once for both directions: end points are swapped. A value that
 * the reverse direction has of its own replaces the key.
 */
function turnField(
  field: PlanField,
  reversed: ReadonlySet<number>,
  swapped: ReadonlyMap<number, number>,
): PlanField {
  const { enterprise, id } = field
  if (enterprise !== 0) return field
  const turned = swapped.get(id) ?? id
  if (reversed.has(turned) || COUNTER_NAME.test(findElement(0, id)?.name ?? '')) {
    return padding(field)
  }
  return { ...field, id: turned }
}

/** Whether a field fills a counter column. A counter of another width does not. */
function fillsCounter({ enterprise, id, length }: PlanField): boolean {
  if (enterprise === REVERSE_ENTERPRISE && RESPONDER_COUNTERS.has(id)) return false
  const field = COLUMN_SOURCES.get(id)?.field
  return length <= 8 && (field === FIELD.bytes || field === FIELD.packets)
}

function countsResponder({ enterprise, id, length }: PlanField): boolean {
  return enterprise === 0 && length <= 8 && RESPONDER_COUNTERS.has(id)
}

function isReverseElement({ enterprise }: PlanField): boolean {
  return enterprise === REVERSE_ENTERPRISE
}

function padding({ length }: PlanField): PlanField {
  return { enterprise: 0, id: IE.paddingOctets, length }
}
