/**
 * Writes packet captures for exporters to read, and adds up what a capture holds by flow, so that a
 * test can compare the stored rows with the truth. It never captures anything itself.
 */

import { encodePcap } from './capture-files.ts'
import { buildFrame, ipLength, type PacketPlan, PROTOCOL } from './ethernet-frames.ts'

/** A packet with its capture time in Unix milliseconds. */
export interface CapturedPacket extends PacketPlan {
  readonly atMs: number
}

/** Encodes a capture file of Ethernet frames (the classic format, microseconds), in the order given. */
export function encodeCapture(packets: readonly CapturedPacket[]): Buffer {
  const times = packets.map(({ atMs }) => Math.floor(atMs * 1000))
  return encodePcap(packets.map(buildFrame), { times })
}

/** The sums of one flow, that is of the packets with the same addresses, ports and protocol. */
export interface FlowSum {
  readonly srcAddr: string
  readonly dstAddr: string
  readonly protocol: number
  /** null for ICMP, which has no ports. */
  readonly srcPort: number | null
  readonly dstPort: number | null
  readonly packets: number
  readonly bytes: number
  /** Unix milliseconds of the first and the last packet. */
  readonly firstMs: number
  readonly lastMs: number
}

/** Names a flow by what makes it one. */
export function flowKey(
  flow: Pick<FlowSum, 'srcAddr' | 'dstAddr' | 'protocol' | 'srcPort' | 'dstPort'>,
) {
  return [flow.protocol, flow.srcAddr, flow.srcPort, flow.dstAddr, flow.dstPort].join(' ')
}

/** Adds the packets of a capture up by flow, keyed by `flowKey`. */
export function sumFlows(packets: readonly CapturedPacket[]): Map<string, FlowSum> {
  const flows = new Map<string, FlowSum>()
  for (const packet of packets) {
    const hasPorts = packet.protocol === PROTOCOL.tcp || packet.protocol === PROTOCOL.udp
    const ports = {
      srcPort: hasPorts ? (packet.srcPort ?? 0) : null,
      dstPort: hasPorts ? (packet.dstPort ?? 0) : null,
    }
    const { srcAddr, dstAddr, protocol } = packet
    const key = flowKey({ srcAddr, dstAddr, protocol, ...ports })
    const before = flows.get(key)
    flows.set(key, {
      ...{ srcAddr, dstAddr, protocol, ...ports },
      packets: (before?.packets ?? 0) + 1,
      bytes: (before?.bytes ?? 0) + ipLength(packet),
      firstMs: Math.min(before?.firstMs ?? packet.atMs, packet.atMs),
      lastMs: Math.max(before?.lastMs ?? packet.atMs, packet.atMs),
    })
  }
  return flows
}
