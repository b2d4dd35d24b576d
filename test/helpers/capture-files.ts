/** Builds packets of UDP, whole or in fragments, and capture files of any link type. */

import { isIPv6 } from 'node:net'
import { encodeAddress } from '../../launcher/demo/messages.ts'

export interface UdpPlan {
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly port: number
  readonly payload: Buffer
}

/** Returns an IP packet with a UDP datagram. */
export function udpPacket(plan: UdpPlan): Buffer {
  return ipPacket(plan, udpContent(plan))
}

function udpContent({ sourcePort, port, payload }: UdpPlan): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(sourcePort, 0)
  header.writeUInt16BE(port, 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return Buffer.concat([header, payload])
}

/** Returns the fragments of the packet, each with `size` bytes of content, a multiple of 8. */
export function udpFragments(plan: UdpPlan, size: number, id = 7): Buffer[] {
  const content = udpContent(plan)
  const count = Math.ceil(content.length / size)
  return Array.from({ length: count }, (_, index) => {
    const offset = index * size
    const isLast = index === count - 1
    return ipPacket(plan, content.subarray(offset, offset + size), { id, offset, isLast })
  })
}

interface FragmentPlace {
  readonly id: number
  readonly offset: number
  readonly isLast: boolean
}

function ipPacket(plan: UdpPlan, content: Buffer, fragment?: FragmentPlace): Buffer {
  const { source, destination } = plan
  if (isIPv6(source)) {
    const extension = fragment ? Buffer.alloc(8) : Buffer.alloc(0)
    if (fragment) {
      extension.writeUInt8(17, 0)
      extension.writeUInt16BE(fragment.offset + (fragment.isLast ? 0 : 1), 2)
      extension.writeUInt32BE(fragment.id, 4)
    }
    const header = Buffer.alloc(40)
    header.writeUInt8(0x60, 0)
    header.writeUInt16BE(extension.length + content.length, 4)
    header.writeUInt8(fragment ? 44 : 17, 6)
    encodeAddress(source, 16).copy(header, 8)
    encodeAddress(destination, 16).copy(header, 24)
    return Buffer.concat([header, extension, content])
  }
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45, 0)
  header.writeUInt16BE(20 + content.length, 2)
  if (fragment) {
    header.writeUInt16BE(fragment.id, 4)
    header.writeUInt16BE(fragment.offset / 8 + (fragment.isLast ? 0 : 0x2000), 6)
  }
  header.writeUInt8(17, 9)
  encodeAddress(source, 4).copy(header, 12)
  encodeAddress(destination, 4).copy(header, 16)
  return Buffer.concat([header, content])
}

/** The header of a link layer in hex, before an IPv4 or an IPv6 packet; and the link type. */
export const LINKS: Readonly<Record<string, readonly [type: number, ipv4: string, ipv6: string]>> =
  {
    ethernet: [1, '020000000002 020000000001 0800', '020000000002 020000000001 86dd'],
    vlan: [
      1,
      '020000000002 020000000001 8100 0064 0800',
      '020000000002 020000000001 8100 0064 86dd',
    ],
    qinq: [
      1,
      '020000000002 020000000001 88a8 0001 8100 0064 0800',
      '020000000002 020000000001 88a8 0001 8100 0064 86dd',
    ],
    'Linux cooked': [
      113,
      '0000 0001 0006 0200000000010000 0800',
      '0000 0001 0006 0200000000010000 86dd',
    ],
    'Linux cooked 2': [
      276,
      '0800 0000 00000002 0001 00 06 0200000000010000',
      '86dd 0000 00000002 0001 00 06 0200000000010000',
    ],
    raw: [101, '', ''],
    null: [0, '02000000', '1e000000'],
    loop: [108, '00000002', '0000001e'],
  }

/** Puts a packet into a frame of a link layer of `LINKS`. */
export function frameOf(link: string, packet: Buffer): Buffer {
  const [, ipv4, ipv6] = LINKS[link] ?? LINKS['ethernet'] ?? [1, '', '']
  const header = (packet.readUInt8(0) >>> 4 === 4 ? ipv4 : ipv6).replaceAll(' ', '')
  return Buffer.concat([Buffer.from(header, 'hex'), packet])
}

export interface CaptureOptions {
  readonly linkType?: number
  readonly isLittle?: boolean
  readonly isNano?: boolean
  /** Unix microseconds of the first frame; the others follow by a millisecond each. */
  readonly micros?: number
  /** Unix microseconds of each frame, instead. */
  readonly times?: readonly number[]
  /** The most bytes of a frame. */
  readonly snapBytes?: number
}

const START_MICROS = 1_790_000_000_123_456

function writer(size: number, isLittle: boolean) {
  const bytes = Buffer.alloc(size)
  const put16 = (value: number, at: number) =>
    isLittle ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at)
  const put32 = (value: number, at: number) =>
    isLittle ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at)
  return { bytes, put16, put32 }
}

/**
 * Encodes a classic capture file.
 *
 *     file   = magic:u32 major:u16=2 minor:u16=4 zone:u32 accuracy:u32 snap:u32 linkType:u32 packet*
 *     packet = seconds:u32 fraction:u32 captured:u32 length:u32 frame
 */
export function encodePcap(frames: readonly Buffer[], options: CaptureOptions = {}): Buffer {
  const { linkType = 1, isLittle = false, isNano = false, micros = START_MICROS } = options
  const { bytes, put16, put32 } = writer(24, isLittle)
  put32(isNano ? 0xa1b23c4d : 0xa1b2c3d4, 0)
  put16(2, 4)
  put16(4, 6)
  put32(65_535, 16)
  put32(linkType, 20)
  const packets = frames.flatMap((frame, index) => {
    const at = options.times?.[index] ?? micros + index * 1000
    const captured = frame.subarray(0, options.snapBytes ?? frame.length)
    const header = writer(16, isLittle)
    header.put32(Math.floor(at / 1e6), 0)
    header.put32((at % 1e6) * (isNano ? 1000 : 1), 4)
    header.put32(captured.length, 8)
    header.put32(frame.length, 12)
    return [header.bytes, captured]
  })
  return Buffer.concat([bytes, ...packets])
}

/** Encodes a pcapng file of one section and one interface with nanoseconds. */
export function encodePcapng(frames: readonly Buffer[], options: CaptureOptions = {}): Buffer {
  const { linkType = 1, isLittle = true, micros = START_MICROS } = options
  const block = (type: number, body: Buffer) => {
    const padded = Math.ceil(body.length / 4) * 4
    const { bytes, put32 } = writer(12 + padded, isLittle)
    put32(type, 0)
    put32(bytes.length, 4)
    body.copy(bytes, 8)
    put32(bytes.length, 8 + padded)
    return bytes
  }
  const section = writer(16, isLittle)
  section.put32(0x1a2b3c4d, 0)
  section.put16(1, 4)
  section.bytes.fill(0xff, 8)
  const description = writer(16, isLittle)
  description.put16(linkType, 0)
  description.put16(9, 8)
  description.put16(1, 10)
  description.bytes.writeUInt8(9, 12)
  const packets = frames.map((frame, index) => {
    const nanos = BigInt(micros + index * 1000) * 1000n
    const header = writer(20, isLittle)
    header.put32(Number(nanos >> 32n), 4)
    header.put32(Number(nanos & 0xffffffffn), 8)
    header.put32(frame.length, 12)
    header.put32(frame.length, 16)
    return block(6, Buffer.concat([header.bytes, frame]))
  })
  return Buffer.concat([block(0x0a0d0d0a, section.bytes), block(1, description.bytes), ...packets])
}
