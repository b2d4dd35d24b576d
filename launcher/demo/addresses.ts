/** Turns addresses written as text into the bytes of the wire. It resolves no names. */

import { isIPv4, isIPv6 } from 'node:net'

/**
 * Encodes an IPv4 address as 4 bytes, or an IPv6 address as 16.
 *
 * @throws RangeError when `address` is not an address of that length.
 */
export function encodeAddress(address: string, length: 4 | 16): Buffer {
  if (length === 4 && isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (length === 16 && isIPv6(address)) return encodeIpv6(address)
  throw new RangeError(`"${address}" is no address of ${length} bytes`)
}

/**
 * Encodes the text forms of RFC 4291 section 2.2.
 *
 *     address = groups | [groups] "::" [groups]
 *     groups  = group (":" group)*, the last of them may be an IPv4 address
 */
function encodeIpv6(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const start = encodeGroups(head)
  const end = encodeGroups(tail ?? '')
  return Buffer.concat([start, Buffer.alloc(16 - start.length - end.length), end])
}

function encodeGroups(groups: string): Buffer {
  if (groups === '') return Buffer.alloc(0)
  const parts = groups.split(':').map((group) => {
    if (isIPv4(group)) return encodeAddress(group, 4)
    return Buffer.from(group.padStart(4, '0'), 'hex')
  })
  return Buffer.concat(parts)
}
