/** Names of IP protocols, as the SQL function `protocol_name` has them, and other spellings. */

const NAMES =
  'hopopt 0, icmp 1, igmp 2, ipip 4, tcp 6, egp 8, igp 9, udp 17, rdp 27, dccp 33, ipv6 41, ' +
  'ipv6-route 43, ipv6-frag 44, rsvp 46, gre 47, esp 50, ah 51, ipv6-icmp 58, icmp6 58, icmpv6 58, ' +
  'ipv6-nonxt 59, ipv6-opts 60, eigrp 88, ospf 89, etherip 97, encap 98, pim 103, ipcomp 108, ' +
  'vrrp 112, pgm 113, l2tp 115, isis 124, sctp 132, fc 133, mobility 135, udplite 136, ' +
  'mpls-in-ip 137, manet 138, hip 139, shim6 140, wesp 141, rohc 142, ethernet 143'

/** Numbers by name; some protocols have several names. */
export const PROTOCOL_NAMES: ReadonlyMap<string, number> = new Map(
  NAMES.split(', ').map((entry) => {
    const [name = '', number] = entry.split(' ')
    return [name, Number(number)] as const
  }),
)

/** Returns the number of a protocol; undefined when the name is not known. */
export function protocolNumber(name: string): number | undefined {
  return PROTOCOL_NAMES.get(name.toLowerCase())
}
