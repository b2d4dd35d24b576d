/**
 * Builds Ethernet frames of IPv4 and IPv6 packets with TCP, UDP or ICMP, with correct lengths and
 * checksums. The payload is zeros: meters count it, nobody reads it.
 */

import { isIPv6 } from 'node:net'
import { encodeAddress } from '../../launcher/demo/messages.ts'

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const
export type Protocol = (typeof PROTOCOL)[keyof typeof PROTOCOL]

/** A packet to be built; absent numbers are 0. */
export interface PacketPlan {
  readonly srcAddr: string
  /** Of the same family as `srcAddr`. */
  readonly dstAddr: string
  readonly protocol: Protocol
  readonly srcPort?: number
  /** For ICMP and ICMPv6: type × 256 + code. */
  readonly dstPort?: number
  readonly tcpFlags?: number
  readonly tos?: number
  /** Bytes after the transport header. */
  readonly payloadBytes: number
}

const TRANSPORT_HEADER_BYTES: Readonly<Record<Protocol, number>> = { 1: 8, 6: 20, 17: 8, 58: 8 }

/** The packet's length as flow meters count it: the IP header and all that follows, no Ethernet. */
export function ipLength(plan: PacketPlan): number {
  const headerBytes = isIPv6(plan.srcAddr) ? 40 : 20
  return headerBytes + TRANSPORT_HEADER_BYTES[plan.protocol] + plan.payloadBytes
}

/**
 * Builds the frame, without its check sequence, as captures hold it.
 *
 *     frame = dstMac:6 srcMac:6 etherType:u16 (ipv4 | ipv6) (tcp | udp | icmp)
 */
export function buildFrame(plan: PacketPlan): Buffer {
  const version6 = isIPv6(plan.srcAddr)
  const ethernet = Buffer.from(`020000000002020000000001${version6 ? '86dd' : '0800'}`, 'hex')
  const ip = version6 ? buildIpv6Header(plan) : buildIpv4Header(plan)
  return Buffer.concat([ethernet, ip, buildTransport(plan)])
}

/**
 *     ipv4 = versionAndLength:u8=0x45 tos:u8 totalLength:u16 id:u16 fragment:u16=0x4000 ttl:u8
 *            protocol:u8 checksum:u16 source:4 destination:4
 */
function buildIpv4Header(plan: PacketPlan): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45, 0)
  header.writeUInt8(plan.tos ?? 0, 1)
  header.writeUInt16BE(ipLength(plan), 2)
  header.writeUInt16BE(0x4000, 6)
  header.writeUInt8(64, 8)
  header.writeUInt8(plan.protocol, 9)
  encodeAddress(plan.srcAddr, 4).copy(header, 12)
  encodeAddress(plan.dstAddr, 4).copy(header, 16)
  header.writeUInt16BE(checksum(header), 10)
  return header
}

/**
 *     ipv6 = versionClassLabel:u32 payloadLength:u16 nextHeader:u8 hopLimit:u8 source:16
 *            destination:16
 */
function buildIpv6Header(plan: PacketPlan): Buffer {
  const header = Buffer.alloc(40)
  header.writeUInt32BE(0x60000000 + (plan.tos ?? 0) * 0x100000, 0)
  header.writeUInt16BE(ipLength(plan) - 40, 4)
  header.writeUInt8(plan.protocol, 6)
  header.writeUInt8(64, 7)
  encodeAddress(plan.srcAddr, 16).copy(header, 8)
  encodeAddress(plan.dstAddr, 16).copy(header, 24)
  return header
}

/**
 *     tcp  = source:u16 destination:u16 sequence:u32 ack:u32 offset:u8=0x50 flags:u8 window:u16
 *            checksum:u16 urgent:u16
 *     udp  = source:u16 destination:u16 length:u16 checksum:u16
 *     icmp = type:u8 code:u8 checksum:u16 identifier:u16 sequence:u16
 */
function buildTransport(plan: PacketPlan): Buffer {
  const segment = Buffer.alloc(TRANSPORT_HEADER_BYTES[plan.protocol] + plan.payloadBytes)
  if (plan.protocol === PROTOCOL.icmp || plan.protocol === PROTOCOL.icmp6) {
    segment.writeUInt16BE(plan.dstPort ?? 0, 0)
  } else {
    segment.writeUInt16BE(plan.srcPort ?? 0, 0)
    segment.writeUInt16BE(plan.dstPort ?? 0, 2)
  }
  if (plan.protocol === PROTOCOL.udp) segment.writeUInt16BE(segment.length, 4)
  if (plan.protocol === PROTOCOL.tcp) {
    segment.writeUInt8(0x50, 12)
    segment.writeUInt8(plan.tcpFlags ?? 0, 13)
    segment.writeUInt16BE(65_535, 14)
  }
  // ICMP alone is summed without the pseudo header.
  const pseudo = plan.protocol === PROTOCOL.icmp ? Buffer.alloc(0) : pseudoHeader(plan, segment)
  const sum = checksum(Buffer.concat([pseudo, segment]))
  segment.writeUInt16BE(sum === 0 ? 0xffff : sum, checksumOffset(plan.protocol))
  return segment
}

function checksumOffset(protocol: Protocol): number {
  if (protocol === PROTOCOL.tcp) return 16
  return protocol === PROTOCOL.udp ? 6 : 2
}

/**     pseudo = source destination length:u32 protocol:u32   (both families sum alike) */
function pseudoHeader(plan: PacketPlan, segment: Buffer): Buffer {
  const addressLength = isIPv6(plan.srcAddr) ? 16 : 4
  const tail = Buffer.alloc(8)
  tail.writeUInt32BE(segment.length, 0)
  tail.writeUInt32BE(plan.protocol, 4)
  return Buffer.concat([
    encodeAddress(plan.srcAddr, addressLength),
    encodeAddress(plan.dstAddr, addressLength),
    tail,
  ])
}

/** The Internet checksum of RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let offset = 0; offset < bytes.length; offset += 2) {
    sum += (bytes[offset] ?? 0) * 256 + (bytes[offset + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
