/** Writes the addresses of packets as text, and keeps the texts. */

import { SocketAddress } from 'node:net'
import { unmapAddress } from '../../shared/pipe-line.ts'

/** With more addresses, all texts are forgotten, and made again. */
const MAX_CACHED = 65_536

const cache = new Map<string, string>()

/** Returns the text of an address of 4 or 16 bytes: IPv6 as in RFC 5952, mapped IPv4 as IPv4. */
export function addressText(bytes: Buffer): string {
  const key = bytes.toString('latin1')
  const known = cache.get(key)
  if (known !== undefined) return known
  if (cache.size >= MAX_CACHED) cache.clear()
  const text = bytes.length === 4 ? bytes.join('.') : ipv6Text(bytes)
  cache.set(key, text)
  return text
}

function ipv6Text(bytes: Buffer): string {
  const groups = bytes.toString('hex').replace(/.{4}(?=.)/g, '$&:')
  return unmapAddress(new SocketAddress({ address: groups, family: 'ipv6' }).address)
}
