/** Reads IPv4 and IPv6 addresses and networks as people write them. */

/** A network. A single address is a network of all its bits. */
export interface Network {
  readonly version: 4 | 6
  readonly bits: bigint
  readonly length: number
}

const BITS = { 4: 32, 6: 128 } as const

/**
 * Reads `192.0.2.1`, `2001:db8::1`, `10.0.0.0/8`, `10/8`, `2001:db8::/32`. Bits after the
 * prefix become 0.
 *
 * @returns undefined when the text is none of these
 */
export function parseNetwork(text: string): Network | undefined {
  const [place = '', lengthText, ...more] = text.split('/')
  if (more.length > 0) return undefined
  const version = place.includes(':') ? 6 : 4
  const bits = version === 6 ? parseIpv6(place) : parseIpv4(place, lengthText === undefined ? 4 : 1)
  if (bits === undefined) return undefined
  if (lengthText === undefined) return { version, bits, length: BITS[version] }
  if (!/^\d{1,3}$/.test(lengthText) || Number(lengthText) > BITS[version]) return undefined
  return truncate({ version, bits, length: Number(lengthText) })
}

/** Reads a netmask of IPv4 as a length; undefined when a one follows a zero. */
export function parseNetmask(text: string): number | undefined {
  const bits = parseIpv4(text)?.toString(2).padStart(32, '0')
  return bits === undefined || !/^1*0*$/.test(bits) ? undefined : bits.replaceAll('0', '').length
}

/** Returns the network of `length` bits that holds an address. */
export function truncate({ version, bits, length }: Network): Network {
  const host = BigInt(BITS[version] - length)
  return { version, bits: (bits >> host) << host, length }
}

/** Whether the network is a single address. */
export function isHost({ version, length }: Network): boolean {
  return length === BITS[version]
}

/** Whether an address lies in a network. */
export function contains(network: Network, address: Network): boolean {
  if (network.version !== address.version || network.length > address.length) return false
  return truncate({ ...address, length: network.length }).bits === network.bits
}

/** Formats a network as PostgreSQL reads it; a single address is written without its length. */
export function formatNetwork(network: Network): string {
  const place = network.version === 4 ? formatIpv4(network.bits) : formatIpv6(network.bits)
  return isHost(network) ? place : `${place}/${network.length}`
}

/** @param leastParts fewer than four: the others are 0, as in 10/8 */
function parseIpv4(text: string, leastParts = 4): bigint | undefined {
  const parts = text.split('.')
  if (parts.length > 4 || parts.length < leastParts) return undefined
  if (!parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  const bytes = [...parts, '0', '0', '0'].slice(0, 4)
  return bytes.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
}

function parseIpv6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = parseGroups(head, tail === undefined ? 'end' : 'beginning')
  const after = tail === undefined ? [] : parseGroups(tail, 'end')
  if (!before || !after) return undefined
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...new Array<number>(missing).fill(0), ...after]
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n)
}

/** @param part of the address; at its end, the last group may be an IPv4 address */
function parseGroups(text: string, part: 'beginning' | 'end'): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const words = text.split(':')
  for (const [index, word] of words.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(word)) {
      groups.push(Number.parseInt(word, 16))
      continue
    }
    const ipv4 = part === 'end' && index === words.length - 1 ? parseIpv4(word) : undefined
    if (ipv4 === undefined) return undefined
    groups.push(Number(ipv4 >> 16n), Number(ipv4 & 0xffffn))
  }
  return groups
}

function formatIpv4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.')
}

function formatIpv6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  )
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
