/** Maps information elements to the fields of a flow record, in order of preference. */

import { VENDOR_ELEMENTS } from '../elements/element-registry.ts'
import { IE } from '../elements/information-elements.ts'
import { FIELD, type Field } from '../flow-record.ts'
import { OP, type Op, SLOT } from './plan-step.ts'

export interface ColumnSource {
  readonly field: Field
  readonly op: Op
  /** Within a field the lowest rank wins. */
  readonly rank: number
}

const { uint, counter, total, ipv4, ipv6, mac, seconds, millis, ntp, uptime, beforeExport } = OP

const PRECEDENCE: readonly (readonly [Field, readonly (readonly [id: number, op: Op])[]])[] = [
  // Post counters replace missing counters and are never added: some exporters fill both. Responder
  // counters belong to the reverse direction, whose record has no initiator counters. Total counts
  // are totals of the flow so far: see `running-totals.ts`.
  [
    FIELD.bytes,
    [
      [IE.octetDeltaCount, counter],
      [IE.postOctetDeltaCount, counter],
      [IE.initiatorOctets, counter],
      [IE.responderOctets, counter],
      [IE.octetTotalCount, total],
      [IE.layer2OctetDeltaCount, counter],
    ],
  ],
  [
    FIELD.packets,
    [
      [IE.packetDeltaCount, counter],
      [IE.postPacketDeltaCount, counter],
      [IE.initiatorPackets, counter],
      [IE.responderPackets, counter],
      [IE.packetTotalCount, total],
    ],
  ],
  [
    FIELD.srcAddr,
    [
      [IE.sourceIPv4Address, ipv4],
      [IE.sourceIPv6Address, ipv6],
    ],
  ],
  [
    FIELD.dstAddr,
    [
      [IE.destinationIPv4Address, ipv4],
      [IE.destinationIPv6Address, ipv6],
    ],
  ],
  [
    FIELD.nextHop,
    [
      [IE.ipNextHopIPv4Address, ipv4],
      [IE.ipNextHopIPv6Address, ipv6],
    ],
  ],
  [
    FIELD.srcPort,
    [
      [IE.sourceTransportPort, uint],
      [IE.udpSourcePort, uint],
      [IE.tcpSourcePort, uint],
    ],
  ],
  [
    FIELD.dstPort,
    [
      [IE.destinationTransportPort, uint],
      [IE.udpDestinationPort, uint],
      [IE.tcpDestinationPort, uint],
    ],
  ],
  [FIELD.protocol, [[IE.protocolIdentifier, uint]]],
  [FIELD.tos, [[IE.ipClassOfService, uint]]],
  [FIELD.tcpFlags, [[IE.tcpControlBits, uint]]],
  [
    FIELD.inputIf,
    [
      [IE.ingressInterface, uint],
      [IE.ingressPhysicalInterface, uint],
    ],
  ],
  [
    FIELD.outputIf,
    [
      [IE.egressInterface, uint],
      [IE.egressPhysicalInterface, uint],
    ],
  ],
  [FIELD.srcAs, [[IE.bgpSourceAsNumber, uint]]],
  [FIELD.dstAs, [[IE.bgpDestinationAsNumber, uint]]],
  [
    FIELD.srcMask,
    [
      [IE.sourceIPv4PrefixLength, uint],
      [IE.sourceIPv6PrefixLength, uint],
    ],
  ],
  [
    FIELD.dstMask,
    [
      [IE.destinationIPv4PrefixLength, uint],
      [IE.destinationIPv6PrefixLength, uint],
    ],
  ],
  // Addresses as received come before those that the exporter wrote ("post").
  [
    FIELD.srcMac,
    [
      [IE.sourceMacAddress, mac],
      [IE.postSourceMacAddress, mac],
    ],
  ],
  [
    FIELD.dstMac,
    [
      [IE.destinationMacAddress, mac],
      [IE.postDestinationMacAddress, mac],
    ],
  ],
  [
    FIELD.srcVlan,
    [
      [IE.vlanId, uint],
      [IE.dot1qVlanId, uint],
    ],
  ],
  [
    FIELD.dstVlan,
    [
      [IE.postVlanId, uint],
      [IE.postDot1qVlanId, uint],
    ],
  ],
  [FIELD.direction, [[IE.flowDirection, uint]]],
  [FIELD.forwardingStatus, [[IE.forwardingStatus, uint]]],
  [FIELD.flowEndReason, [[IE.flowEndReason, uint]]],
  [
    FIELD.event,
    [
      [IE.firewallEvent, uint],
      [IE.natEvent, uint],
      // Cisco ASA: the type it used before the event had an element, and its extended event.
      [VENDOR_ELEMENTS.firewallEventLegacy.id, uint],
      [VENDOR_ELEMENTS.firewallExtendedEvent.id, uint],
    ],
  ],
  [
    FIELD.flowStart,
    [
      [IE.flowStartMilliseconds, millis],
      [IE.flowStartMicroseconds, ntp],
      [IE.flowStartNanoseconds, ntp],
      [IE.flowStartSeconds, seconds],
      [IE.flowStartDeltaMicroseconds, beforeExport],
      [IE.flowStartSysUpTime, uptime],
    ],
  ],
  [
    FIELD.flowEnd,
    [
      [IE.flowEndMilliseconds, millis],
      [IE.flowEndMicroseconds, ntp],
      [IE.flowEndNanoseconds, ntp],
      [IE.flowEndSeconds, seconds],
      [IE.flowEndDeltaMicroseconds, beforeExport],
      [IE.flowEndSysUpTime, uptime],
    ],
  ],
]

/** Sources of fields by information element id (enterprise 0). */
export const COLUMN_SOURCES: ReadonlyMap<number, ColumnSource> = new Map(
  PRECEDENCE.flatMap(([field, sources]) =>
    sources.map(([id, op], rank) => [id, { field, op, rank }] as const),
  ),
)

/**
 * Elements that help to fill a field but do not fill one alone. Within a slot the first one wins.
 */
export const SLOT_SOURCES: ReadonlyMap<number, { readonly slot: number; readonly op: Op }> =
  new Map([
    [IE.icmpTypeCodeIPv4, { slot: SLOT.icmpTypeCode, op: OP.slot }],
    [IE.icmpTypeIPv4, { slot: SLOT.icmpType, op: OP.slot }],
    [IE.icmpCodeIPv4, { slot: SLOT.icmpCode, op: OP.slot }],
    [IE.icmpTypeCodeIPv6, { slot: SLOT.icmpv6TypeCode, op: OP.slot }],
    [IE.icmpTypeIPv6, { slot: SLOT.icmpv6Type, op: OP.slot }],
    [IE.icmpCodeIPv6, { slot: SLOT.icmpv6Code, op: OP.slot }],
    [IE.flowDurationMilliseconds, { slot: SLOT.durationMillis, op: OP.slot }],
    [IE.flowDurationMicroseconds, { slot: SLOT.durationMicros, op: OP.slot }],
    [IE.observationTimeMilliseconds, { slot: SLOT.eventTime, op: OP.slotMillis }],
    [IE.observationTimeMicroseconds, { slot: SLOT.eventTime, op: OP.slotNtp }],
    [IE.observationTimeNanoseconds, { slot: SLOT.eventTime, op: OP.slotNtp }],
    [IE.observationTimeSeconds, { slot: SLOT.eventTime, op: OP.slotSeconds }],
    [IE.ipVersion, { slot: SLOT.ipVersion, op: OP.slotAndExtra }],
    [IE.ethernetType, { slot: SLOT.ethernetType, op: OP.slotAndExtra }],
    [IE.samplerId, { slot: SLOT.samplerId, op: OP.slotAndExtra }],
    [IE.selectorId, { slot: SLOT.samplerId, op: OP.slotAndExtra }],
    [IE.samplingInterval, { slot: SLOT.samplingInterval, op: OP.slotRate }],
    [IE.samplerRandomInterval, { slot: SLOT.samplingInterval, op: OP.slotRate }],
    [IE.systemInitTimeMilliseconds, { slot: SLOT.systemInit, op: OP.slotMillis }],
    [IE.flowId, { slot: SLOT.flowIdHigh, op: OP.slotIdAndExtra }],
    [IE.ipDiffServCodePoint, { slot: SLOT.dscp, op: OP.slot }],
    [IE.biflowDirection, { slot: SLOT.biflowDirection, op: OP.slotAndExtra }],
  ])

/**
 * Slots for the second of two elements that share a field; each record uses one of them. These are
 * the IPv6 half of an address, and TCP ports beside UDP ports.
 */
export const TWIN_SLOTS: ReadonlyMap<
  number,
  { readonly twin: number; readonly slot: number; readonly op: Op }
> = new Map([
  [
    IE.sourceIPv6Address,
    { twin: IE.sourceIPv4Address, slot: SLOT.srcIpv6Offset, op: OP.slotOffset },
  ],
  [
    IE.destinationIPv6Address,
    { twin: IE.destinationIPv4Address, slot: SLOT.dstIpv6Offset, op: OP.slotOffset },
  ],
  [
    IE.ipNextHopIPv6Address,
    { twin: IE.ipNextHopIPv4Address, slot: SLOT.nextHopIpv6Offset, op: OP.slotOffset },
  ],
  [
    IE.sourceIPv6PrefixLength,
    { twin: IE.sourceIPv4PrefixLength, slot: SLOT.srcMaskIpv6, op: OP.slot },
  ],
  [
    IE.destinationIPv6PrefixLength,
    { twin: IE.destinationIPv4PrefixLength, slot: SLOT.dstMaskIpv6, op: OP.slot },
  ],
  [IE.tcpSourcePort, { twin: IE.udpSourcePort, slot: SLOT.tcpSrcPort, op: OP.slot }],
  [IE.tcpDestinationPort, { twin: IE.udpDestinationPort, slot: SLOT.tcpDstPort, op: OP.slot }],
])
