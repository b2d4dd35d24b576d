/**
 * Which information element fills which field of a flow record, and in which order of preference.
 * Only IANA's elements are here; it decides nothing about a single template.
 */

import { FIELD, type Field } from '../flow-record.ts'
import { OP, type Op, SLOT } from './plan-step.ts'

export interface ColumnSource {
  readonly field: Field
  readonly op: Op
  /** Lower wins within a field. */
  readonly rank: number
}

const { uint, counter, total, ipv4, ipv6, mac, seconds, millis, ntp, uptime, beforeExport } = OP

const PRECEDENCE: readonly (readonly [Field, readonly (readonly [id: number, op: Op])[]])[] = [
  // Output counters (23, 24) stand in for missing ones and are never added: boxes fill both.
  // 232 and 299 are of the other direction, whose record has no 231 and 298. 85 and 86 are totals of
  // the flow so far: see `running-totals.ts`.
  [
    FIELD.bytes,
    [
      [1, counter],
      [23, counter],
      [231, counter],
      [232, counter],
      [85, total],
      [352, counter],
    ],
  ],
  [
    FIELD.packets,
    [
      [2, counter],
      [24, counter],
      [298, counter],
      [299, counter],
      [86, total],
    ],
  ],
  [
    FIELD.srcAddr,
    [
      [8, ipv4],
      [27, ipv6],
    ],
  ],
  [
    FIELD.dstAddr,
    [
      [12, ipv4],
      [28, ipv6],
    ],
  ],
  [
    FIELD.nextHop,
    [
      [15, ipv4],
      [62, ipv6],
    ],
  ],
  [
    FIELD.srcPort,
    [
      [7, uint],
      [180, uint],
      [182, uint],
    ],
  ],
  [
    FIELD.dstPort,
    [
      [11, uint],
      [181, uint],
      [183, uint],
    ],
  ],
  [FIELD.protocol, [[4, uint]]],
  [FIELD.tos, [[5, uint]]],
  [FIELD.tcpFlags, [[6, uint]]],
  [
    FIELD.inputIf,
    [
      [10, uint],
      [252, uint],
    ],
  ],
  [
    FIELD.outputIf,
    [
      [14, uint],
      [253, uint],
    ],
  ],
  [FIELD.srcAs, [[16, uint]]],
  [FIELD.dstAs, [[17, uint]]],
  [
    FIELD.srcMask,
    [
      [9, uint],
      [29, uint],
    ],
  ],
  [
    FIELD.dstMask,
    [
      [13, uint],
      [30, uint],
    ],
  ],
  // 56 and 80 are as received, 81 and 57 after the exporter ("post").
  [
    FIELD.srcMac,
    [
      [56, mac],
      [81, mac],
    ],
  ],
  [
    FIELD.dstMac,
    [
      [80, mac],
      [57, mac],
    ],
  ],
  [
    FIELD.srcVlan,
    [
      [58, uint],
      [243, uint],
    ],
  ],
  [
    FIELD.dstVlan,
    [
      [59, uint],
      [254, uint],
    ],
  ],
  [FIELD.direction, [[61, uint]]],
  [FIELD.forwardingStatus, [[89, uint]]],
  [FIELD.flowEndReason, [[136, uint]]],
  [
    FIELD.event,
    [
      [233, uint],
      [230, uint],
      // Cisco ASA: the event before it had an element, and its extended event.
      [40_005, uint],
      [33_002, uint],
    ],
  ],
  [
    FIELD.flowStart,
    [
      [152, millis],
      [154, ntp],
      [156, ntp],
      [150, seconds],
      [158, beforeExport],
      [22, uptime],
    ],
  ],
  [
    FIELD.flowEnd,
    [
      [153, millis],
      [155, ntp],
      [157, ntp],
      [151, seconds],
      [159, beforeExport],
      [21, uptime],
    ],
  ],
]

/** Sources of fields by information element id (enterprise 0). */
export const COLUMN_SOURCES: ReadonlyMap<number, ColumnSource> = new Map(
  PRECEDENCE.flatMap(([field, sources]) =>
    sources.map(([id, op], rank) => [id, { field, op, rank }] as const),
  ),
)

/** Elements that help to fill a field without filling one alone; of one slot the first one wins. */
export const SLOT_SOURCES: ReadonlyMap<number, { readonly slot: number; readonly op: Op }> =
  new Map([
    [32, { slot: SLOT.icmpTypeCode, op: OP.slot }],
    [176, { slot: SLOT.icmpType, op: OP.slot }],
    [177, { slot: SLOT.icmpCode, op: OP.slot }],
    [139, { slot: SLOT.icmpv6TypeCode, op: OP.slot }],
    [178, { slot: SLOT.icmpv6Type, op: OP.slot }],
    [179, { slot: SLOT.icmpv6Code, op: OP.slot }],
    [161, { slot: SLOT.durationMillis, op: OP.slot }],
    [162, { slot: SLOT.durationMicros, op: OP.slot }],
    [323, { slot: SLOT.eventTime, op: OP.slotMillis }],
    [324, { slot: SLOT.eventTime, op: OP.slotNtp }],
    [325, { slot: SLOT.eventTime, op: OP.slotNtp }],
    [322, { slot: SLOT.eventTime, op: OP.slotSeconds }],
    [60, { slot: SLOT.ipVersion, op: OP.slotAndExtra }],
    [256, { slot: SLOT.ethernetType, op: OP.slotAndExtra }],
    [48, { slot: SLOT.samplerId, op: OP.slotAndExtra }],
    [302, { slot: SLOT.samplerId, op: OP.slotAndExtra }],
    [34, { slot: SLOT.samplingInterval, op: OP.slotRate }],
    [50, { slot: SLOT.samplingInterval, op: OP.slotRate }],
    [160, { slot: SLOT.systemInit, op: OP.slotMillis }],
    [148, { slot: SLOT.flowIdHigh, op: OP.slotIdAndExtra }],
    [195, { slot: SLOT.dscp, op: OP.slot }],
  ])

/**
 * Where the second of two elements goes that stand for the same field in different records of one
 * template: the IPv6 half, and the ports of TCP beside those of UDP.
 */
export const TWIN_SLOTS: ReadonlyMap<
  number,
  { readonly twin: number; readonly slot: number; readonly op: Op }
> = new Map([
  [27, { twin: 8, slot: SLOT.srcIpv6Offset, op: OP.slotOffset }],
  [28, { twin: 12, slot: SLOT.dstIpv6Offset, op: OP.slotOffset }],
  [62, { twin: 15, slot: SLOT.nextHopIpv6Offset, op: OP.slotOffset }],
  [29, { twin: 9, slot: SLOT.srcMaskIpv6, op: OP.slot }],
  [30, { twin: 13, slot: SLOT.dstMaskIpv6, op: OP.slot }],
  [182, { twin: 180, slot: SLOT.tcpSrcPort, op: OP.slot }],
  [183, { twin: 181, slot: SLOT.tcpDstPort, op: OP.slot }],
])
