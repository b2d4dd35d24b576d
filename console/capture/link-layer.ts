/** Finds the IP packet in a frame of the link layer. */

const ETHERNET = { ipv4: 0x0800, ipv6: 0x86dd } as const
/** 802.1Q, 802.1ad (QinQ), and the older type of outer tags. */
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100])
/** No network uses more tags. */
const MAX_TAGS = 4

type FindIp = (frame: Buffer) => number

/** By link type. The registry is at tcpdump.org/linktypes.html. */
const LINK_TYPES: ReadonlyMap<number, FindIp> = new Map([
  [0, findInLoopback],
  [1, (frame) => findByType(frame, 12)],
  [12, findRaw],
  [14, findRaw],
  [101, findRaw],
  [108, findInLoopback],
  [113, (frame) => findByType(frame, 14)],
  [228, findRaw],
  [229, findRaw],
  [276, findInSll2],
])

export function isSupportedLinkType(linkType: number): boolean {
  return LINK_TYPES.has(linkType)
}

/** Returns the offset of the IP packet; −1 when the frame holds none, or is too short. */
export function findIpPacket(linkType: number, frame: Buffer): number {
  return LINK_TYPES.get(linkType)?.(frame) ?? -1
}

/**
 *     ethernet = destination:6 source:6 tag* type:u16 packet
 *     sll      = kind:u16 hardware:u16 length:u16 address:8 tag* type:u16 packet     (LINUX_SLL)
 *     tag      = type:u16 control:u16
 */
function findByType(frame: Buffer, typeAt: number): number {
  let at = typeAt
  for (let tags = 0; tags <= MAX_TAGS && at + 2 <= frame.length; tags++) {
    const type = frame.readUInt16BE(at)
    if (type === ETHERNET.ipv4 || type === ETHERNET.ipv6) return at + 2
    if (!VLAN_TAGS.has(type)) return -1
    at += 4
  }
  return -1
}

/**     sll2 = type:u16 reserved:u16 interface:u32 hardware:u16 kind:u8 length:u8 address:8 tag* packet */
function findInSll2(frame: Buffer): number {
  if (frame.length < 20) return -1
  const type = frame.readUInt16BE(0)
  if (type === ETHERNET.ipv4 || type === ETHERNET.ipv6) return 20
  // The header holds the type of a tag; the rest of the tag follows the header.
  return VLAN_TAGS.has(type) ? findByType(frame, 22) : -1
}

/**     raw = packet */
function findRaw(): number {
  return 0
}

/**
 *     loopback = family:u32 packet
 *
 * The family depends on the capturing system, as does its byte order. The packet has its version.
 */
function findInLoopback(frame: Buffer): number {
  return frame.length > 4 ? 4 : -1
}
