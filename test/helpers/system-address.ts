/** Writes IPv6 addresses by the system's own function: nothing of the decoder is in it. */

import { SocketAddress } from 'node:net'

/** Returns the text of the 16 bytes of an IPv6 address. */
export function systemIpv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2))
  const address = groups.map((group) => group.toString(16)).join(':')
  return new SocketAddress({ address, family: 'ipv6' }).address
}
