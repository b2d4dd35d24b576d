/**
 * Turns textual IP addresses into bytes and back into one canonical text. It resolves no names,
 * and text that is no address is answered, not thrown.
 */

import { isIPv4, isIPv6 } from 'node:net'

/** `::ffff:0:0/96`: IPv4 addresses as they look on a dual-stack socket. */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0xffff] as const

/**
 * Parses an IPv4 or IPv6 address; an IPv4-mapped one is given as IPv4, a zone id is dropped.
 *
 * @returns 4 or 16 bytes, or undefined when the text is no address
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text)) return undefined
  const groups = parseGroups(text)
  const isMapped = MAPPED_PREFIX.every((group, index) => groups[index] === group)
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
  return isMapped ? bytes.subarray(12) : bytes
}

/** Writes 4 or 16 bytes as the shortest text (RFC 5952), always the same for the same address. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  const { start, length } = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** Gives the eight groups of a text that is known to be an IPv6 address. */
function parseGroups(text: string): number[] {
  const [head = '', tail] = text.replace(/%.*$/, '').split('::')
  const left = parseHalf(head)
  if (tail === undefined) return left
  const right = parseHalf(tail)
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function parseHalf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (let index = 0; index < groups.length; index += 1) {
    if (groups[index] !== '0') start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  }
  return best
}
