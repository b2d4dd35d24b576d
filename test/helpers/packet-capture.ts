/**
 * Writes packet captures for exporters to read, and adds up what a capture holds by flow, so that a
 * test can compare the stored rows with the truth. It never captures anything itself.
 */

import { buildFrame, ipLength, type PacketPlan, PROTOCOL } from './ethernet-frames.ts'

/** A packet with its capture time in Unix milliseconds. */
export interface CapturedPacket extends PacketPlan {
  readonly atMs: number
}

/**
 * Encodes a capture file of Ethernet frames (the classic format, microseconds), in the order given.
 *
 *     file   = magic:u32=0xa1b2c3d4 major:u16=2 minor:u16=4 zone:u32 accuracy:u32 snap:u32
 *              linkType:u32=1 packet*
 *     packet = seconds:u32 micros:u32 captured:u32 length:u32 frame
 */
export function encodeCapture(packets: readonly CapturedPacket[]): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32BE(0xa1b2c3d4, 0)
  header.writeUInt16BE(2, 4)
  header.writeUInt16BE(4, 6)
  header.writeUInt32BE(65_535, 16)
  header.writeUInt32BE(1, 20)
  return Buffer.concat([header, ...packets.flatMap(encodeCapturedPacket)])
}

function encodeCapturedPacket(packet: CapturedPacket): Buffer[] {
  const frame = buildFrame(packet)
  const header = Buffer.alloc(16)
  header.writeUInt32BE(Math.floor(packet.atMs / 1000), 0)
  header.writeUInt32BE(Math.floor((packet.atMs % 1000) * 1000), 4)
  header.writeUInt32BE(frame.length, 8)
  header.writeUInt32BE(frame.length, 12)
  return [header, frame]
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
