/** Finds the UDP datagrams in captured packets, fragmented ones included. */

import { addressText } from './address-text.ts'
import { CaptureError } from './capture-error.ts'
import type { CapturedDatagram } from './captured-datagram.ts'
import { Fragments } from './fragments.ts'
import { findIpPacket, isSupportedLinkType } from './link-layer.ts'
import type { CapturedPacket } from './packet.ts'

const UDP = 17
const UDP_HEADER_BYTES = 8
const IPV6_HEADER_BYTES = 40
/** Extension headers that may come before the transport header. */
const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, destination: 60 } as const

/** Called with each datagram and its destination port. */
type DatagramSink = (datagram: CapturedDatagram, destinationPort: number) => void

/** The content of an IP packet, or a fragment of it. */
interface IpContent {
  readonly source: Buffer
  readonly destination: Buffer
  readonly protocol: number
  readonly content: Buffer
  /** Whether the end of the packet was not captured. */
  readonly isCut: boolean
  readonly fragment?: { readonly id: number; readonly offset: number; readonly isLast: boolean }
}

export class UdpFinder {
  readonly #sink: DatagramSink
  readonly #fragments = new Fragments()
  #packets = 0
  #cutPackets = 0
  #otherPackets = 0

  constructor(sink: DatagramSink) {
    this.#sink = sink
  }

  get packets(): number {
    return this.#packets
  }

  /** UDP packets whose end was not captured. */
  get cutPackets(): number {
    return this.#cutPackets
  }

  /** Packets that are not UDP over IP. */
  get otherPackets(): number {
    return this.#otherPackets
  }

  /** Fragmented packets with missing fragments. */
  get incompletePackets(): number {
    return this.#fragments.incomplete
  }

  /** @throws CaptureError for frames of an unknown link type */
  take({ frame, micros, linkType }: CapturedPacket): void {
    if (!isSupportedLinkType(linkType)) {
      throw new CaptureError(
        `the link type ${linkType} is not supported: capture on an Ethernet, loopback or "any" ` +
          'interface, or convert the file (editcap -T ether)',
      )
    }
    this.#packets += 1
    const at = findIpPacket(linkType, frame)
    const packet = at < 0 ? undefined : readIp(frame.subarray(at))
    if (packet === undefined || packet.protocol !== UDP) {
      this.#otherPackets += 1
    } else if (packet.isCut) {
      this.#cutPackets += 1
    } else {
      this.#takeContent(packet, micros)
    }
  }

  #takeContent(packet: IpContent, micros: number): void {
    const content = this.#whole(packet, micros)
    if (content === undefined) return
    const length = content.length < UDP_HEADER_BYTES ? 0 : content.readUInt16BE(4)
    if (length < UDP_HEADER_BYTES || length > content.length) {
      this.#cutPackets += 1
      return
    }
    const datagram = {
      payload: content.subarray(UDP_HEADER_BYTES, length),
      receivedAtMicros: micros,
      address: addressText(packet.source),
      port: content.readUInt16BE(0),
    }
    this.#sink(datagram, content.readUInt16BE(2))
  }

  #whole({ fragment, ...packet }: IpContent, micros: number): Buffer | undefined {
    if (fragment === undefined) return packet.content
    const { id, offset, isLast } = fragment
    const ends = packet.source.toString('latin1') + packet.destination.toString('latin1')
    const key = `${id} ${ends}`
    return this.#fragments.add({ key, offset, bytes: packet.content, isLast, micros })
  }
}

function readIp(packet: Buffer): IpContent | undefined {
  if (packet.length < 20) return undefined
  const version = packet.readUInt8(0) >>> 4
  if (version === 4) return readIpv4(packet)
  return version === 6 ? readIpv6(packet) : undefined
}

/**
 *     ipv4 = version:4 headerWords:4 tos:u8 length:u16 id:u16 flags:3 fragmentOffset:13 ttl:u8
 *            protocol:u8 checksum:u16 source:4 destination:4 options content
 */
function readIpv4(packet: Buffer): IpContent | undefined {
  const headerBytes = (packet.readUInt8(0) & 0x0f) * 4
  // A network card that splits packets itself (TSO) leaves the length at 0.
  const length = packet.readUInt16BE(2) || packet.length
  if (headerBytes < 20 || length < headerBytes || packet.length < headerBytes) return undefined
  const flags = packet.readUInt16BE(6)
  const offset = (flags & 0x1fff) * 8
  const isLast = (flags & 0x2000) === 0
  const isFragment = offset > 0 || !isLast
  return {
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    protocol: packet.readUInt8(9),
    content: packet.subarray(headerBytes, length),
    isCut: length > packet.length,
    ...(isFragment ? { fragment: { id: packet.readUInt16BE(4), offset, isLast } } : {}),
  }
}

/**
 *     ipv6     = version:4 class:8 label:20 length:u16 next:u8 hops:u8 source:16 destination:16
 *                extension* content
 *     fragment = next:u8 reserved:u8 offset:13 reserved:2 more:1 id:u32
 *     others   = next:u8 words:u8 value          8 bytes, and 8 for each word
 */
function readIpv6(packet: Buffer): IpContent | undefined {
  if (packet.length < IPV6_HEADER_BYTES) return undefined
  const length = IPV6_HEADER_BYTES + packet.readUInt16BE(4)
  let protocol = packet.readUInt8(6)
  let at = IPV6_HEADER_BYTES
  let fragment: IpContent['fragment']
  while (isExtension(protocol)) {
    if (at + 8 > packet.length) return undefined
    const next = packet.readUInt8(at)
    if (protocol === EXTENSION.fragment) {
      const place = packet.readUInt16BE(at + 2)
      const id = packet.readUInt32BE(at + 4)
      fragment = { id, offset: place & 0xfff8, isLast: (place & 1) === 0 }
      at += 8
    } else {
      at += 8 + packet.readUInt8(at + 1) * 8
    }
    protocol = next
    // After the header of a later fragment comes content, whatever the header announces.
    if (fragment && fragment.offset > 0) break
  }
  return {
    source: packet.subarray(8, 24),
    destination: packet.subarray(24, 40),
    protocol,
    content: packet.subarray(at, length),
    isCut: length > packet.length,
    ...(fragment ? { fragment } : {}),
  }
}

function isExtension(protocol: number): boolean {
  return (
    protocol === EXTENSION.hopByHop ||
    protocol === EXTENSION.routing ||
    protocol === EXTENSION.fragment ||
    protocol === EXTENSION.destination
  )
}
